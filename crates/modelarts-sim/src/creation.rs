//! Reading the body of CreatePool: everything that can be refused without looking at the cloud.

use modelarts_types::keys;
use serde_json::{Map, Value};

use crate::{
    entries::{self, Purpose},
    json::{drop_nulls, fixed, only, section, text},
    refusal::Refusal,
    rules,
};

const LABELS: &[&str] = &[keys::NAME, keys::WORKSPACE_ID, keys::NODE_PREFIX, keys::SHARING];
const ANNOTATIONS: &[&str] = &[
    keys::DESCRIPTION,
    keys::BILLING_MODE,
    keys::PERIOD_NUM,
    keys::PERIOD_TYPE,
    keys::AUTO_RENEW,
    keys::PROMOTION_INFO,
    keys::SERVICE_CONSOLE_URL,
    keys::SCHEDULER_EXTENSION,
    keys::TMS_TAGS,
];
/// Said by a client, never said back.
const NOT_KEPT: &[&str] = &[keys::AUTO_PAY, keys::ORDER_ID];
pub(crate) const SPEC: &[&str] = &[
    "type",
    "scope",
    "network",
    "jobFlavors",
    "driver",
    "clusters",
    "userLogin",
    "containerNetwork",
    "kubernetesSvcIpRange",
    "masters",
    "clusterFlavor",
    "ipv6enable",
    "parent",
];
/// The longest name whose pool ID still fits the 63 characters of a path parameter.
const LONGEST_NAME: usize = 30;

/// A creation whose shape has been checked.
pub(crate) struct Creation {
    pub name: String,
    pub workspace: String,
    pub labels: Map<String, Value>,
    pub annotations: Map<String, Value>,
    pub spec: Map<String, Value>,
    pub scopes: Vec<String>,
    pub pays: bool,
}

/// The job types of a `scope` list.
///
/// # Errors
/// 400 if it is not a list of one to three different known ones.
pub(crate) fn scopes(list: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let mut found: Vec<String> = Vec::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        match item.as_str() {
            Some(name @ ("Train" | "Infer" | "Notebook")) if !found.iter().any(|f| f == name) => {
                found.push(name.to_owned());
            }
            _ => {
                return Err(Refusal::bad_request(format!(
                    "spec.scope holds {item}; known are Train, Infer and Notebook, each once."
                )));
            }
        }
    }
    if found.is_empty() {
        return Err(Refusal::bad_request("spec.scope is required."));
    }
    Ok(found)
}

impl Creation {
    pub fn parse(body: &Value, keep_unknown: bool) -> Result<Self, Refusal> {
        let mut body = body.clone();
        drop_nulls(&mut body);
        let body = body
            .as_object()
            .ok_or_else(|| Refusal::bad_request("The body is not a JSON object."))?;
        fixed(body, "apiVersion", "v2")?;
        fixed(body, "kind", "Pool")?;
        let metadata = section(body, "metadata")?;
        let labels = section(&metadata, "labels")?;
        let annotations = section(&metadata, "annotations")?;
        rules::texts(&labels)?;
        rules::texts(&annotations)?;
        let name = text(&labels, keys::NAME)?
            .ok_or_else(|| Refusal::bad_request("The label os.modelarts/name is required."))?
            .to_owned();
        rules::display_name(&name, LONGEST_NAME)?;
        rules::description(&annotations)?;
        check_billing(&annotations)?;
        let spec = section(body, "spec")?;
        match text(&spec, "type")? {
            Some("Dedicate" | "Logical") => {}
            _ => return Err(Refusal::bad_request("spec.type must be Dedicate.")),
        }
        let scopes = scopes(spec.get("scope"))?;
        entries::check_shape(spec.get("resources"), Purpose::Create)?;
        let network = section(&spec, "network")?;
        if network.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::bad_request("spec.network is required."));
        }
        section(&spec, "driver")?;
        let workspace = text(&labels, keys::WORKSPACE_ID)?
            .filter(|id| !id.is_empty())
            .unwrap_or("0")
            .to_owned();
        Ok(Self {
            name,
            workspace,
            pays: matches!(text(&annotations, keys::AUTO_PAY)?, Some("1" | "true")),
            labels: kept(&labels, LABELS, keep_unknown),
            annotations: kept(&annotations, ANNOTATIONS, keep_unknown),
            spec: spec.clone(),
            scopes,
        })
    }
}

fn kept(map: &Map<String, Value>, known: &[&str], keep_unknown: bool) -> Map<String, Value> {
    let mut kept = if keep_unknown { map.clone() } else { only(map, known) };
    kept.retain(|key, value| {
        let empty_description = key == keys::DESCRIPTION && value == "";
        !empty_description && !NOT_KEPT.contains(&key.as_str())
    });
    kept
}

fn check_billing(annotations: &Map<String, Value>) -> Result<(), Refusal> {
    let number = |key: &str| {
        annotations
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<u64>().ok())
    };
    match text(annotations, keys::BILLING_MODE)? {
        None | Some("0" | "") => Ok(()),
        Some("1") => {
            let most = match number(keys::PERIOD_TYPE) {
                Some(2) => 9,
                Some(3) => 3,
                _ => return Err(Refusal::bad_request("period.type must be 2 (month) or 3 (year).")),
            };
            match number(keys::PERIOD_NUM) {
                Some(periods) if (1..=most).contains(&periods) => Ok(()),
                _ => Err(Refusal::bad_request(format!("period.num must be 1 to {most}."))),
            }
        }
        Some(other) => Err(Refusal::bad_request(format!("billing.mode {other:?} is not known."))),
    }
}
