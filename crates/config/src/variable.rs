//! Maps environment variables to keys.

use figment::value::{Dict, Value};

/// An environment variable and the key that it sets.
///
/// The mapping is explicit, because a name such as `GLASSBOX_OTEL_GRPC_ENDPOINT` is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    name: &'static str,
    key: &'static str,
    form: Form,
}

/// How the text of a variable is converted to a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// By the key's type: text, a number, a boolean or a duration.
    #[default]
    Text,
    /// An inverted boolean, as in `OTEL_SDK_DISABLED`.
    Negated,
    /// A whole number of milliseconds, for a key that is a duration.
    Milliseconds,
    /// A list, separated by commas.
    List,
    /// `key=value` pairs, separated by commas, percent-encoded, as in `OTEL_RESOURCE_ATTRIBUTES`.
    Pairs,
}

impl Variable {
    /// A variable that is converted by the key's type. The key is relative to its section.
    pub const fn new(name: &'static str, key: &'static str) -> Self {
        Self {
            name,
            key,
            form: Form::Text,
        }
    }

    /// Sets another form.
    #[must_use]
    pub const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The name of the variable.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The key it sets, relative to the section.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    pub(crate) fn read(&self, text: &str) -> Result<Value, String> {
        self.form.read(text.trim())
    }
}

impl Form {
    pub(crate) fn read(self, text: &str) -> Result<Value, String> {
        Ok(match self {
            Self::Text => Value::from(text),
            Self::Negated => match Value::from(text).to_bool_lossy() {
                Some(yes) => Value::from(!yes),
                None => return Err(format!("{text:?} is not true or false")),
            },
            Self::Milliseconds => match text.parse::<u64>() {
                Ok(millis) => Value::from(format!("{millis}ms")),
                Err(_) => return Err(format!("{text:?} is not a whole number of milliseconds")),
            },
            Self::List => Value::from(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .collect::<Vec<_>>(),
            ),
            Self::Pairs => Value::from(pairs(text)?),
        })
    }
}

fn pairs(text: &str) -> Result<Dict, String> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok((decoded(key.trim())?, Value::from(decoded(value.trim())?)))
            }
            _ => Err(format!("{pair:?} is not a key=value pair")),
        })
        .collect()
}

fn decoded(text: &str) -> Result<String, String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| format!("{text:?} is not percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_at_commas_and_decoded() {
        let read = pairs("team=core, note=a%2Cb,url=http://x/?a=b,").unwrap();
        assert_eq!(read["team"], Value::from("core"));
        assert_eq!(read["note"], Value::from("a,b"));
        assert_eq!(read["url"], Value::from("http://x/?a=b"));
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn a_pair_without_a_key_is_refused() {
        assert_eq!(pairs("a").unwrap_err(), "\"a\" is not a key=value pair");
        assert_eq!(pairs("=1").unwrap_err(), "\"=1\" is not a key=value pair");
    }

    #[test]
    fn a_negated_boolean_is_turned_around() {
        let disabled = Variable::new("OTEL_SDK_DISABLED", "enabled").form(Form::Negated);
        assert_eq!(disabled.read("true").unwrap(), Value::from(false));
        assert_eq!(disabled.read(" FALSE ").unwrap(), Value::from(true));
        assert!(disabled.read("perhaps").is_err());
    }
}
