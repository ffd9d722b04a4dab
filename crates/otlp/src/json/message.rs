//! How a message is read and written, given the table of its fields.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::context::Context;
use super::deserializer;
use super::points::data_points;
use crate::cost::growth;

/// How values of type `T` look in JSON. Implemented by markers, because one Rust type has several
/// forms: bytes are hex in an id and base64 elsewhere.
pub(super) trait Form<T> {
    /// Reads a value that is not null.
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut T,
        cx: &Context<'_>,
    ) -> Result<(), D::Error>;

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
        cx: &Context<'_>,
    ) -> Result<(), A::Error>;

    /// Writes all fields that are not absent.
    fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A field to be read. Deserializes to whether it was present, that is, not null.
pub(super) struct Slot<'a, F, T> {
    into: &'a mut T,
    cx: &'a Context<'a>,
    form: PhantomData<F>,
}

impl<'a, F, T> Slot<'a, F, T> {
    pub(super) fn new(into: &'a mut T, cx: &'a Context<'a>) -> Self {
        Self {
            into,
            cx,
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
        F::read(from, self.into, self.cx).map(|()| true)
    }
}

/// A value to be written.
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
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut M,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        cx.message(|| from.deserialize_map(Object { into, cx }))
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
    cx: &'a Context<'a>,
}

impl<'de, M: Fields> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let key = |cx| Key::<M> {
            cx,
            message: PhantomData,
        };
        while let Some(key) = map.next_key_seed(key(self.cx))? {
            match key {
                Some(key) => {
                    self.cx
                        .field(key, || self.into.read_field(key, &mut map, self.cx))?;
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
struct Key<'a, M> {
    cx: &'a Context<'a>,
    message: PhantomData<M>,
}

impl<'de, M: Fields> DeserializeSeed<'de> for Key<'_, M> {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        // Read as bytes, because a key may contain a lone surrogate, which makes it an unknown key.
        from.deserialize_bytes(self)
    }
}

impl<M: Fields> Visitor<'_> for Key<'_, M> {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        self.visit_bytes(name.as_bytes())
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Self::Value, E> {
        let text = std::str::from_utf8(name).ok();
        let key = text.and_then(|name| M::key(name).or_else(|| M::key(&camel_case(name)?)));
        if key.is_none() {
            self.cx.unknown(name);
        }
        Ok(key)
    }
}

/// More than the length in bytes of the longest known key.
const LONGEST_KEY: usize = 64;

/// Turns the name that a field has in the protobuf files into its JSON key.
fn camel_case(name: &str) -> Option<String> {
    if name.len() > LONGEST_KEY || !name.contains('_') {
        return None;
    }
    let mut words = name.split('_');
    let mut key = words.next()?.to_owned();
    for word in words {
        let (first, rest) = word.split_at_checked(1)?;
        key.push_str(&first.to_ascii_uppercase());
        key.push_str(rest);
    }
    Some(key)
}

/// A value that protobuf tracks the presence of.
pub(super) struct Maybe<F>(PhantomData<F>);

impl<F: Form<T>, T: Default> Form<Option<T>> for Maybe<F> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Option<T>,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        let mut value = T::default();
        F::read(from, &mut value, cx)?;
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

/// A list. A list that occurs twice is read as one.
pub(super) struct Many<F>(PhantomData<F>);

impl<F: Form<T>, T: Default> Form<Vec<T>> for Many<F> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Vec<T>,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        let form = PhantomData::<F>;
        from.deserialize_seq(List { into, cx, form })
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
    cx: &'a Context<'a>,
    form: PhantomData<F>,
}

impl<F, T> List<'_, F, T> {
    fn push<E: Error>(&mut self, value: T) -> Result<(), E> {
        self.cx.charge(growth(self.into.len(), 1, size_of::<T>()))?;
        self.into.push(value);
        Ok(())
    }
}

impl<'de, F: Form<T>, T: Default> Visitor<'de> for List<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        for index in 0.. {
            let mut value = T::default();
            let read = self.cx.index(index, || {
                let slot = Slot::<F, T>::new(&mut value, self.cx);
                match seq.next_element_seed(slot)? {
                    // Null stands for an absent field; an absent element would shift the others.
                    Some(false) => Err(A::Error::custom("null is not allowed in an array")),
                    element => Ok(element.is_some()),
                }
            })?;
            if !read {
                break;
            }
            self.push(value)?;
        }
        Ok(())
    }
}

/// A list of records. In a tolerant context, one that cannot be read is left out and counted.
pub(super) struct Records<F>(PhantomData<F>);

impl<F: Form<T>, T: Default> Form<Vec<T>> for Records<F> {
    fn read<'de, D: Deserializer<'de>>(
        from: D,
        into: &mut Vec<T>,
        cx: &Context<'_>,
    ) -> Result<(), D::Error> {
        let form = PhantomData::<F>;
        let list = List { into, cx, form };
        if cx.is_tolerant() {
            from.deserialize_seq(Tolerant(list))
        } else {
            from.deserialize_seq(list)
        }
    }

    fn is_absent(value: &Vec<T>) -> bool {
        value.is_empty()
    }

    fn write<S: Serializer>(value: &Vec<T>, to: S) -> Result<S::Ok, S::Error> {
        Many::<F>::write(value, to)
    }
}

struct Tolerant<'a, F, T>(List<'a, F, T>);

impl<'de, F: Form<T>, T: Default> Visitor<'de> for Tolerant<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self(mut list) = self;
        let mut index = 0;
        // The record is first captured unparsed, so that reading continues after it whatever it contains.
        while let Some(record) = seq.next_element::<&RawValue>()? {
            let read = || {
                list.cx.index(index, || {
                    let mut value = T::default();
                    let mut deserializer = deserializer(record.get().as_bytes());
                    F::read(&mut deserializer, &mut value, list.cx).map(|()| value)
                })
            };
            let records = || data_points(record).max(1);
            let value = list.cx.record(read, records).map_err(A::Error::custom)?;
            if let Some(value) = value {
                list.push(value)?;
            }
            index += 1;
        }
        Ok(())
    }
}

/// Declares the fields of messages: JSON key, field, form; then the members of a oneof, if any.
macro_rules! messages {
    ($($message:ty {
        $($key:literal $(| $old:literal)? => $field:ident: $form:ty,)*
        $(oneof $oneof:ident { $($one_key:literal => $variant:path: $one_form:ty,)* })?
    })*) => {$(
        impl $crate::json::message::Fields for $message {
            fn key(name: &str) -> Option<&'static str> {
                match name {
                    $($key => Some($key),)*
                    $($($old => Some($old),)?)*
                    $($($one_key => Some($one_key),)*)?
                    _ => None,
                }
            }

            fn read_field<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &'static str,
                map: &mut A,
                cx: &$crate::json::context::Context<'_>,
            ) -> Result<(), A::Error> {
                use $crate::json::message::Slot;
                match key {
                    $($key => {
                        $(if cx.is_renamed() && $old != $key {
                            // During the transition, senders sent both names; the new one takes precedence.
                            self.$field = Default::default();
                        })?
                        map.next_value_seed(Slot::<$form, _>::new(&mut self.$field, cx))?;
                    })*
                    $($($old if <$form as $crate::json::message::Form<_>>::is_absent(&self.$field) => {
                        map.next_value_seed(Slot::<$form, _>::new(&mut self.$field, cx))?;
                        cx.set_renamed();
                    })?)*
                    $($($one_key => {
                        let mut value = Default::default();
                        if map.next_value_seed(Slot::<$one_form, _>::new(&mut value, cx))? {
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
