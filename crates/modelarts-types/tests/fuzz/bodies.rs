//! Every body that is no error: three laws, for each type.

use modelarts_types::event::EventList;
use modelarts_types::flavor::FlavorList;
use modelarts_types::node::NodeList;
use modelarts_types::order::{OrderDetail, OrderList};
use modelarts_types::statistics::PoolStatistics;
use modelarts_types::workspace::WorkspaceList;
use modelarts_types::{Network, NetworkList, Pool, PoolList};
use mutated_json::{Altered, Corpus, Damaged, budgeted};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::examples::corpus;
use crate::losing::{differing, lost};
use crate::understood::Understood;

trait Body: Serialize + DeserializeOwned + Understood {}

impl<T: Serialize + DeserializeOwned + Understood> Body for T {}

/// Octets are a body exactly if they are a JSON object. Nothing of it is lost when it is written
/// again, and what is written reads as the same body.
fn survives<T: Body>(octets: &[u8]) {
    let document: Result<Value, _> = serde_json::from_slice(octets);
    let body: Result<T, _> = serde_json::from_slice(octets);
    let Ok(document) = document else {
        assert!(body.is_err(), "what is no JSON is no body");
        return;
    };
    assert_eq!(body.is_ok(), document.is_object(), "{:?}", body.err());
    let Ok(body) = body else { return };
    let written = serde_json::to_vec(&body).unwrap();
    let after: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(lost(&document, Some(&after), ""), Vec::<String>::new());
    assert_eq!(
        lost(&after, Some(&document), ""),
        Vec::<String>::new(),
        "nothing is made up"
    );
    let again: T = serde_json::from_slice(&written).unwrap();
    let again = serde_json::to_value(again).unwrap();
    assert_eq!(
        lost(&again, Some(&after), ""),
        Vec::<String>::new(),
        "the same body is read again"
    );
    assert_eq!(
        lost(&after, Some(&again), ""),
        Vec::<String>::new(),
        "the same body is read again"
    );
}

/// What was understood of a document.
fn understood<T: Body>(document: &Value) -> Value {
    let mut body: T = serde_json::from_value(document.clone()).unwrap();
    body.forget();
    serde_json::to_value(body).unwrap()
}

/// One other value costs the member that it is in, and nothing else; of a list, the whole list.
fn degrades_alone<T: Body>(input: &Altered) {
    let (before, after) = (understood::<T>(&input.before), understood::<T>(&input.after));
    let mut changed = Vec::new();
    differing(&before, &after, &mut Vec::new(), &mut changed);
    let member = input.place.member().to_string();
    for place in changed {
        let within = place == member || place.starts_with(&format!("{member}/"));
        // An object that nothing is left of is not written.
        let around = member.starts_with(&format!("{place}/"));
        assert!(within || around, "{place} changed with {}", input.place);
    }
}

/// The corpus holds what it should only if the types understand it.
fn understands<T: Body>(corpus: &Corpus) {
    let some = corpus
        .documents()
        .iter()
        .any(|document| understood::<T>(document) != json!({}));
    assert!(some, "none of the examples is understood");
}

macro_rules! bodies {
    ($( $name:ident: $type:ty, $wanted:expr; )*) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn any_octets_are_a_value_or_an_error_and_nothing_is_lost() {
                    let corpus = corpus($wanted);
                    understands::<$type>(&corpus);
                    budgeted(bolero::check!())
                        .with_generator(corpus.damaged())
                        .for_each(|input: &Damaged| survives::<$type>(&input.0));
                }

                #[test]
                fn a_bad_member_degrades_alone() {
                    budgeted(bolero::check!())
                        .with_generator(corpus($wanted).altered())
                        .for_each(|input: &Altered| degrades_alone::<$type>(input));
                }
            }
        )*
    };
}

bodies! {
    pool: Pool, |name| name.contains("-pool-") && !name.starts_with("error-") && !name.starts_with("list-");
    pool_list: PoolList, |name| name.starts_with("list-pools-");
    network: Network, |name| name.contains("-network-") && !name.starts_with("error-");
    network_list: NetworkList, |name| name.starts_with("list-networks-");
    node_list: NodeList, |name| name == "list-pool-nodes-response.json";
    order_list: OrderList, |name| name == "list-orders-response.json";
    order_detail: OrderDetail, |name| name == "list-orders-response.json";
    flavor_list: FlavorList, |name| name == "list-resource-flavors-response.json";
    workspace_list: WorkspaceList, |name| name == "list-workspaces-response.json";
    statistics: PoolStatistics, |name| name == "pool-statistics-response.json";
    event_list: EventList, |name| name == "list-events-response.json";
}
