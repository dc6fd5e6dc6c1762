//! A name that was checked stays in its segment of the path, whoever wrote it.

use bolero::generator::ValueGenerator;
use modelarts_client::sign::encode;
use modelarts_client::{NetworkId, OrderName, PoolId, ProjectId, WorkspaceId};
use mutated_json::{below, budgeted, odd_text, one_of};
use url::Url;

/// A name with something in it that may not be there.
struct Name;

impl ValueGenerator for Name {
    type Output = String;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<String> {
        const NAMES: [&str; 6] = [
            "pool-001-86c13962597848eeb29c5861153a391f",
            "order.pool-001-w4l2n",
            "0",
            "0123456789abcdef0123456789abcdef",
            ".",
            "..",
        ];
        let mut name = (*one_of(driver, &NAMES)?).to_owned();
        for _ in 0..below(driver, 3)? {
            let at: Vec<usize> = name.char_indices().map(|(at, _)| at).chain([name.len()]).collect();
            let (at, text) = (*one_of(driver, &at)?, odd_text(driver)?);
            name.insert_str(at, &text);
        }
        Some(name)
    }
}

/// What must hold of an accepted name.
fn stays_in_its_segment(name: &str, accepted: Option<&str>) {
    let Some(shown) = accepted else { return };
    assert_eq!(shown, name);
    assert!(!name.is_empty() && name.len() <= 128, "{name:?}");
    assert_eq!(encode(name), name, "nothing needs encoding");
    let base: Url = "https://modelarts.cn-north-4.myhuaweicloud.com/".parse().unwrap();
    let mut url = base.clone();
    url.set_path(&format!("/v2/p/pools/{name}/nodes"));
    assert_eq!(url.path(), format!("/v2/p/pools/{name}/nodes"), "a segment of its own");
    assert_eq!(
        (url.query(), url.fragment(), url.host_str()),
        (None, None, base.host_str())
    );
}

#[test]
fn fault_92_an_accepted_name_cannot_leave_its_segment() {
    budgeted(bolero::check!())
        .with_generator(Name)
        .for_each(|name: &String| {
            let as_text = |parsed: Result<String, _>| parsed.ok();
            for accepted in [
                as_text(PoolId::parse(name).map(|id| id.to_string())),
                as_text(NetworkId::parse(name).map(|id| id.to_string())),
                as_text(ProjectId::parse(name).map(|id| id.to_string())),
                as_text(WorkspaceId::parse(name).map(|id| id.to_string())),
                as_text(OrderName::parse(name).map(|id| id.to_string())),
            ] {
                stays_in_its_segment(name, accepted.as_deref());
            }
        });
}

/// A refusal shows what was refused in one short line, whatever it was.
#[test]
fn a_refused_name_is_shown_without_harm() {
    budgeted(bolero::check!())
        .with_generator(Name)
        .for_each(|name: &String| {
            let Err(refusal) = PoolId::parse(name) else { return };
            let text = refusal.to_string();
            assert!(!text.chars().any(char::is_control), "{text:?}");
            // Each of at most 128 characters may be shown as an escape.
            assert!(text.chars().count() <= 128 * 10 + 20);
        });
}
