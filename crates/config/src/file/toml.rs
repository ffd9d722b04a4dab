//! TOML, with the line of each key.

use std::collections::BTreeMap;

use figment::value::Value;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Content, Node, Syntax};

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Node>, Syntax> {
    let root = DeTable::parse(text).map_err(|error| Syntax {
        line: error.span().map_or(0, |span| line(text, span.start)),
        message: error.message().to_owned(),
    })?;
    table(text, root.get_ref())
}

fn table(text: &str, table: &DeTable<'_>) -> Result<BTreeMap<String, Node>, Syntax> {
    table
        .iter()
        .map(|(key, value)| {
            let line = line(text, key.span().start);
            let content = content(text, line, value.get_ref())?;
            Ok((key.get_ref().to_string(), Node { line, content }))
        })
        .collect()
}

fn content(text: &str, line: usize, value: &DeValue<'_>) -> Result<Content, Syntax> {
    Ok(Content::Value(match value {
        DeValue::Table(inner) => return table(text, inner).map(Content::Table),
        DeValue::Array(items) => Value::from(
            items
                .iter()
                .map(|item| content(text, line, item.get_ref()).map(Value::from))
                .collect::<Result<Vec<_>, _>>()?,
        ),
        DeValue::String(string) => Value::from(string.as_ref()),
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Integer(integer) => Value::from(whole(integer).ok_or_else(|| Syntax {
            line,
            message: format!("{integer} does not fit in 64 bits"),
        })?),
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(float) => Value::from(float),
            Err(error) => {
                return Err(Syntax {
                    line,
                    message: error.to_string(),
                });
            }
        },
        DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
    }))
}

fn whole(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}
