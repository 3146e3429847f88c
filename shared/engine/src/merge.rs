//! digdag's merge of parameters (`Config.merge`): object into object deep, everything else replaces.

use serde_json::Value;

use crate::Config;

/// Merges `over` into `base`. A key that is already there keeps its place: the order is the evaluation order.
pub(crate) fn merge(base: &mut Config, over: &Config) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (Some(slot), _) => *slot = value.clone(),
            (None, _) => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Fills `base` with what `defaults` has beyond it (`Config.mergeDefault`).
pub(crate) fn merge_default(base: &mut Config, defaults: &Config) {
    for (key, value) in defaults {
        match (base.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge_default(below, above),
            (Some(Value::Null) | None, _) => {
                base.insert(key.clone(), value.clone());
            }
            (Some(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> Config {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn objects_merge_deep_and_the_rest_is_replaced() {
        let mut base = config(json!({"a": {"x": 1, "y": [1]}, "b": 1}));

        merge(&mut base, &config(json!({"a": {"y": [2]}, "b": {"z": 1}})));

        assert_eq!(Value::Object(base), json!({"a": {"x": 1, "y": [2]}, "b": {"z": 1}}));
    }

    #[test]
    fn an_overridden_key_keeps_its_place() {
        let mut base = config(json!({"a": 1, "b": 2}));

        merge(&mut base, &config(json!({"c": 3, "a": 9})));

        assert_eq!(base.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn a_default_fills_only_what_is_missing_or_null() {
        let mut base = config(json!({"dataset": "mine", "priority": null}));

        merge_default(
            &mut base,
            &config(json!({"dataset": "theirs", "priority": "BATCH", "x": 1})),
        );

        assert_eq!(Value::Object(base), json!({"dataset": "mine", "priority": "BATCH", "x": 1}));
    }
}
