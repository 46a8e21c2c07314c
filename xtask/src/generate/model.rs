//! A service model in botocore's JSON form, as far as we read it.

use super::config::Config;
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub metadata: Metadata,
    pub operations: std::collections::BTreeMap<String, Operation>,
    pub shapes: std::collections::BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    pub protocol: String,
    #[serde(default)]
    pub target_prefix: String,
    #[serde(default)]
    pub xml_namespace: String,
}

#[derive(Deserialize)]
pub struct Operation {
    pub http: Http,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    pub method: String,
    pub request_uri: String,
    #[serde(default = "ok")]
    pub response_code: u16,
}

fn ok() -> u16 {
    200
}

/// A member's or list entry's use of a shape.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    pub shape: String,
    pub location_name: Option<String>,
    pub query_name: Option<String>,
    pub location: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, deserialize_with = "in_order")]
    pub members: Vec<(String, Reference)>,
    #[serde(default)]
    pub required: Vec<String>,
    pub member: Option<Reference>,
    pub value: Option<Reference>,
    #[serde(rename = "enum", default)]
    pub values: Vec<String>,
    /// botocore writes both integers and floats here.
    pub min: Option<f64>,
    pub max: Option<f64>,
    #[serde(default)]
    pub sensitive: bool,
    #[serde(default)]
    pub streaming: bool,
    pub payload: Option<String>,
    pub pattern: Option<String>,
    pub timestamp_format: Option<String>,
    #[serde(default)]
    pub flattened: bool,
}

/// Members in the order of the model: AWS's answers and messages keep it, and a sorted map would lose it.
fn in_order<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<(String, Reference)>, D::Error> {
    struct Visitor;
    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Vec<(String, Reference)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("members")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    from.deserialize_map(Visitor)
}

/// The data directory of the botocore that the machine's python3 imports.
pub fn botocore_data() -> Result<PathBuf, String> {
    let ask = ["-c", "import botocore; print(botocore.__path__[0])"];
    let output = std::process::Command::new("python3").args(ask).output();
    let output = output.map_err(|e| format!("python3: {e}"))?;
    if !output.status.success() {
        return Err(
            "python3 has no botocore; install it or pass --models DIR (botocore's data directory)".into()
        );
    }
    Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("data"))
}

/// The model that this service is made from.
pub fn read(config: &Config, botocore: &Path, own: &Path) -> Result<Model, String> {
    let path = match (&config.model, &config.own_model) {
        (Some(model), None) => botocore.join(model).join("service-2.json.gz"),
        (None, Some(model)) => own.join(model),
        _ => return Err(format!("{}: name either model or own_model", config.module)),
    };
    let wrong = |e: String| format!("{}: {e}", path.display());
    let raw = std::fs::read(&path).map_err(|e| wrong(e.to_string()))?;
    let mut text = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(raw.as_slice())
            .read_to_end(&mut text)
            .map_err(|e| wrong(e.to_string()))?;
    } else {
        text = raw;
    }
    serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))
}
