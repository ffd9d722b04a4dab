//! How a message is read and written, given the table of its fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::path::Path;

/// How values of type `T` look in JSON. Implemented by markers, because one Rust type has several
/// forms: bytes are hex in an id and base64 elsewhere.
pub(super) trait Form<T> {
    /// Reads a value that is not null.
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut T, path: &Path) -> Result<(), D::Error>;

    /// Returns whether the value is left out when written.
    fn is_absent(value: &T) -> bool;

    /// Writes a value that is not absent.
    fn write<S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error>;
}

/// A message with its table of fields.
pub trait Fields: Default {
    /// Returns the key as a static string when the message has such a field.
    fn key(name: &str) -> Option<&'static str>;

    /// Reads the value of one known key.
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
        path: &Path,
    ) -> Result<(), A::Error>;

    /// Writes all fields that are not absent.
    fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A field about to be read. Yields whether it was there, that is: not null.
pub(super) struct Slot<'a, F, T> {
    into: &'a mut T,
    path: &'a Path,
    form: PhantomData<F>,
}

impl<'a, F, T> Slot<'a, F, T> {
    pub(super) fn new(into: &'a mut T, path: &'a Path) -> Self {
        Self {
            into,
            path,
            form: PhantomData,
        }
    }
}

impl<'de, F: Form<T>, T> DeserializeSeed<'de> for Slot<'_, F, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de, F: Form<T>, T> Visitor<'de> for Slot<'_, F, T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        F::read(from, self.into, self.path).map(|()| true)
    }
}

/// A value about to be written.
pub(super) struct Known<'a, F, T> {
    value: &'a T,
    form: PhantomData<F>,
}

impl<'a, F, T> Known<'a, F, T> {
    pub(super) const fn new(value: &'a T) -> Self {
        Self {
            value,
            form: PhantomData,
        }
    }
}

impl<F: Form<T>, T> Serialize for Known<'_, F, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        F::write(self.value, to)
    }
}

/// A message as a JSON object.
pub(super) struct Msg;

impl<M: Fields> Form<M> for Msg {
    fn read<'de, D: Deserializer<'de>>(from: D, into: &mut M, path: &Path) -> Result<(), D::Error> {
        path.message(|| from.deserialize_map(Object { into, path }))
    }

    fn is_absent(_: &M) -> bool {
        false
    }

    fn write<S: Serializer>(value: &M, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        value.write_fields(&mut map)?;
        map.end()
    }
}

struct Object<'a, M> {
    into: &'a mut M,
    path: &'a Path,
}

impl<'de, M: Fields> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key::<M>(PhantomData))? {
            match key {
                Some(key) => {
                    self.path
                        .field(key, || self.into.read_field(key, &mut map, self.path))?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key, looked up without copying it.
struct Key<M>(PhantomData<M>);

impl<'de, M: Fields> DeserializeSeed<'de> for Key<M> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl<M: Fields> Visitor<'_> for Key<M> {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(M::key(name))
    }
}

/// A value that protobuf tracks the presence of.
pub(super) struct Maybe<F>(PhantomData<F>);

impl<F: Form<T>, T: Default> Form<Option<T>> for Maybe<F> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Option<T>,
        path: &Path,
    ) -> Result<(), D::Error> {
        let mut value = T::default();
        F::read(from, &mut value, path)?;
        *into = Some(value);
        Ok(())
    }

    fn is_absent(value: &Option<T>) -> bool {
        value.is_none()
    }

    fn write<S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => F::write(value, to),
            None => to.serialize_none(),
        }
    }
}

/// A list.
pub(super) struct Many<F>(PhantomData<F>);

impl<F: Form<T>, T: Default> Form<Vec<T>> for Many<F> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Vec<T>,
        path: &Path,
    ) -> Result<(), D::Error> {
        into.clear();
        from.deserialize_seq(List::<F, T> {
            into,
            path,
            form: PhantomData,
        })
    }

    fn is_absent(value: &Vec<T>) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &Vec<T>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(value.iter().map(Known::<F, T>::new))
    }
}

struct List<'a, F, T> {
    into: &'a mut Vec<T>,
    path: &'a Path,
    form: PhantomData<F>,
}

impl<'de, F: Form<T>, T: Default> Visitor<'de> for List<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let index = self.into.len();
            let mut value = T::default();
            let read = self.path.index(index, || {
                let slot = Slot::<F, T>::new(&mut value, self.path);
                match seq.next_element_seed(slot)? {
                    // Null stands for an absent field; an absent element would shift the others.
                    Some(false) => Err(A::Error::custom("null is not allowed in an array")),
                    element => Ok(element.is_some()),
                }
            })?;
            if !read {
                return Ok(());
            }
            self.into.push(value);
        }
    }
}

/// States the fields of messages: JSON key, field, form; then the members of a oneof, if any.
macro_rules! messages {
    ($($message:ty {
        $($key:literal => $field:ident: $form:ty,)*
        $(oneof $oneof:ident { $($one_key:literal => $variant:path: $one_form:ty,)* })?
    })*) => {$(
        impl $crate::json::message::Fields for $message {
            fn key(name: &str) -> Option<&'static str> {
                match name {
                    $($key => Some($key),)*
                    $($($one_key => Some($one_key),)*)?
                    _ => None,
                }
            }

            fn read_field<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &'static str,
                map: &mut A,
                path: &$crate::json::path::Path,
            ) -> Result<(), A::Error> {
                use $crate::json::message::Slot;
                match key {
                    $($key => {
                        map.next_value_seed(Slot::<$form, _>::new(&mut self.$field, path))?;
                    })*
                    $($($one_key => {
                        let mut value = Default::default();
                        if map.next_value_seed(Slot::<$one_form, _>::new(&mut value, path))? {
                            self.$oneof = Some($variant(value));
                        }
                    })*)?
                    _ => {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(())
            }

            fn write_fields<M: serde::ser::SerializeMap>(
                &self,
                map: &mut M,
            ) -> Result<(), M::Error> {
                use $crate::json::message::Known;
                $(if !<$form as $crate::json::message::Form<_>>::is_absent(&self.$field) {
                    map.serialize_entry($key, &Known::<$form, _>::new(&self.$field))?;
                })*
                $(match &self.$oneof {
                    $(Some($variant(value)) => {
                        map.serialize_entry($one_key, &Known::<$one_form, _>::new(value))?;
                    })*
                    None => {}
                })?
                Ok(())
            }
        }
    )*};
}

pub(super) use messages;
