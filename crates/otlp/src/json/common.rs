//! The fields that all signals share.

use super::binary::Base64;
use super::message::{Many, Maybe, Msg, messages};
use super::scalar::{Double, Flag, Int, Text};
use crate::proto::common::v1::any_value::Value;
use crate::proto::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use crate::proto::resource::v1::Resource;

messages! {
    Resource {
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
        "entityRefs" => entity_refs: Many<Msg>,
    }

    EntityRef {
        "schemaUrl" => schema_url: Text,
        "type" => r#type: Text,
        "idKeys" => id_keys: Many<Text>,
        "descriptionKeys" => description_keys: Many<Text>,
    }

    InstrumentationScope {
        "name" => name: Text,
        "version" => version: Text,
        "attributes" => attributes: Many<Msg>,
        "droppedAttributesCount" => dropped_attributes_count: Int,
    }

    KeyValue {
        "key" => key: Text,
        "value" => value: Maybe<Msg>,
        "keyStrindex" => key_strindex: Int,
    }

    AnyValue {
        oneof value {
            "stringValue" => Value::StringValue: Text,
            "boolValue" => Value::BoolValue: Flag,
            "intValue" => Value::IntValue: Int,
            "doubleValue" => Value::DoubleValue: Double,
            "arrayValue" => Value::ArrayValue: Msg,
            "kvlistValue" => Value::KvlistValue: Msg,
            "bytesValue" => Value::BytesValue: Base64,
            "stringValueStrindex" => Value::StringValueStrindex: Int,
        }
    }

    ArrayValue {
        "values" => values: Many<Msg>,
    }

    KeyValueList {
        "values" => values: Many<Msg>,
    }
}
