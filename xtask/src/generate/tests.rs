//! Tests of the planner and of the text it leads to, on a model of a few lines.

use super::config::Config;
use super::model::Model;
use super::plan::{Kind, Service, plan};
use super::types;

/// `Ask` takes an `Outer`; `Both` takes one and gives one. An `Outer` holds `Inner`s, and those hold a secret.
const MODEL: &str = r#"{
  "metadata": {"apiVersion": "1", "endpointPrefix": "e", "protocol": "json", "targetPrefix": "T"},
  "operations": {
    "Ask": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Outer"}},
    "Both": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Holder"}, "output": {"shape": "Holder"}}
  },
  "shapes": {
    "Holder": {"type": "structure", "members": {"Outer": {"shape": "Outer"}}},
    "Outer": {"type": "structure", "required": ["Name"],
              "members": {"Name": {"shape": "Name"}, "Type": {"shape": "Name"}, "Inners": {"shape": "Inners"}}},
    "Inners": {"type": "list", "member": {"shape": "Inner"}},
    "Inner": {"type": "structure", "members": {"Plaintext": {"shape": "Plaintext"}}},
    "Plaintext": {"type": "blob", "sensitive": true, "min": 1},
    "Name": {"type": "string", "max": 5, "pattern": "^[a-z]+$", "enum": ["b", "a"]}
  }
}"#;

fn planned(more: &str) -> Result<Service, String> {
    let text = format!(
        "module = \"m\"\nsigning_name = \"m\"\nevent_source = \"m\"\noperations = [\"Both\", \"Ask\"]\n{more}"
    );
    let config: Config = toml::from_str(&text).map_err(|e| e.to_string())?;
    let model: Model = serde_json::from_str(MODEL).map_err(|e| e.to_string())?;
    plan(config, &model)
}

#[test]
fn a_shape_reached_from_both_sides_gets_both_codecs_all_the_way_down() {
    let service = planned("").unwrap();
    for name in ["Outer", "Inner"] {
        let shape = &service.shapes[name];
        assert!(shape.read && shape.written, "{name}");
        let text = types::codecs(&service, shape);
        assert!(text.contains(&format!("impl JsonStruct for {name}")), "{text}");
        assert!(text.contains(&format!("impl ToJson for {name}")), "{text}");
        assert!(text.contains(&format!("impl ToTrail for {name}")), "{text}");
    }
}

#[test]
fn what_holds_a_secret_can_be_neither_printed_nor_cloned_nor_recorded() {
    let service = planned("").unwrap();
    assert!(service.shapes["Inner"].fields[0].kind == Kind::Secret);
    for shape in service.shapes.values() {
        assert!(shape.secret);
        assert!(types::definition(shape, "").contains("#[derive(Default)]"));
    }
    assert!(service.operations.iter().all(|operation| operation.input.secret));
    assert!(!types::trail(&service.shapes["Inner"]).contains("plaintext"));
}

#[test]
fn required_is_plain_in_an_input_and_an_option_inside() {
    let service = planned("").unwrap();
    let ask = types::definition(&service.operations[0].input, "");
    let inside = types::definition(&service.shapes["Outer"], "");
    assert_eq!(service.operations[0].name, "Ask", "operations are sorted for routing");
    assert!(ask.contains("pub name: String,") && ask.contains("pub r#type: Option<String>,"), "{ask}");
    assert!(inside.contains("pub name: Option<String>,"), "{inside}");
}

#[test]
fn limits_patterns_and_the_order_of_values_are_taken() {
    let service = planned("[enum_order]\nName = [\"a\"]").unwrap();
    let rule = &service.rules.0["NAME"];
    assert!(rule.contains("max: Some(5)"), "{rule}");
    assert!(rule.contains("values: &[\"a\", \"b\"]"), "{rule}");
    assert!(rule.contains("ranges: &[('a', 'z')], some: true"), "{rule}");
}

#[test]
fn a_mistake_in_the_lists_is_told() {
    let wrong = |more: &str| planned(more).err().unwrap();
    assert!(wrong("[fields.\"Outer.Nothing\"]\ntrail = \"x\"").contains("no field Outer.Nothing"));
    assert!(wrong("[fields.\"Outer.Name\"]\ntrail_as = \"poem\"").contains("no trail form poem"));
    assert!(wrong("[fields.\"Outer.Name\"]\ncolour = \"red\"").contains("colour"));
    let config = "module = \"m\"\nsigning_name = \"m\"\nevent_source = \"m\"\noperations = [\"Fly\"]";
    let model: Model = serde_json::from_str(MODEL).unwrap();
    let error = plan(toml::from_str(config).unwrap(), &model).err().unwrap();
    assert!(error.contains("no operation Fly"));
}
