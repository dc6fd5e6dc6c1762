//! What is told of a pool's orders and of its broken nodes, for people to read.
//!
//! An order is the service's record of a creation or a resize, and the only place where it says why
//! nodes could not be made. Nothing is decided here.

use modelarts_crd::status;
use modelarts_types::keys;
use modelarts_types::node::Node;
use modelarts_types::order::{Order, OrderPhase};
use serde_json::Value;

/// Most characters of a text of the service that go into a status.
const TEXT: usize = 300;
/// Most nodes that are named.
pub(crate) const MOST_NODES: usize = 10;

/// The order that tells how the pool's last change went: the one of that name (the pool's label
/// `os.modelarts/order.name`), or without a name the newest.
///
/// The orders must be those of one pool. An older order never stands in for a named one that the
/// answer does not hold (yet): its failure would be passed off as the present one.
#[must_use]
pub fn relevant<'a>(orders: &'a [Order], name: Option<&str>) -> Option<&'a Order> {
    match name.filter(|name| !name.is_empty()) {
        Some(name) => orders.iter().find(|order| order.order_name.as_deref() == Some(name)),
        // Of those that tell no time the first: the service lists the newest first.
        None => orders.iter().rev().max_by_key(|order| order.creation_timestamp),
    }
}

/// The relevant order as the status shows it. One that is named and not found has no phase.
#[must_use]
pub fn reported(orders: &[Order], name: Option<&str>) -> Option<status::Order> {
    let named = || name.filter(|name| !name.is_empty()).map(str::to_owned);
    let Some(order) = relevant(orders, name) else {
        return named().map(|name| status::Order {
            name,
            ..status::Order::default()
        });
    };
    Some(status::Order {
        name: order.order_name.clone()?,
        phase: order.phase.as_ref().map(|phase| cut(phase.as_str())),
        fail_reason: order.fail_reason.as_deref().filter(|text| !text.is_empty()).map(cut),
    })
}

/// Whether an order in that phase is at its end. A word that is not known is not: it is looked again.
#[must_use]
pub fn is_over(phase: &str) -> bool {
    match OrderPhase::from(phase) {
        OrderPhase::Succeeded | OrderPhase::PartlySucceeded | OrderPhase::Failed => true,
        OrderPhase::Pending | OrderPhase::Processing | OrderPhase::Running | OrderPhase::Other(_) => false,
    }
}

/// The nodes that cannot be used, at most ten, by name. Nodes that are leaving are not among them.
#[must_use]
pub fn abnormal(nodes: &[Node]) -> Vec<status::AbnormalNode> {
    let mut found: Vec<_> = nodes.iter().filter_map(abnormal_node).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.truncate(MOST_NODES);
    found
}

fn abnormal_node(node: &Node) -> Option<status::AbnormalNode> {
    let status = node.status.clone().unwrap_or_default();
    let phase = status.phase.as_deref().unwrap_or_default();
    if phase == "Deleting" {
        return None;
    }
    let driver = text_in(status.driver.as_ref(), "phase");
    let billing = match node.metadata.labels.get(keys::NODE_BILLING_STATUS) {
        Some("1") => Some("frozen by billing"),
        Some("2") => Some("deleted by billing"),
        _ => None,
    };
    let mut reasons = Vec::new();
    if phase == "Abnormal" {
        reasons.push("Abnormal");
    }
    if driver == Some("Abnormal") {
        reasons.push("driver Abnormal");
    }
    reasons.extend(billing);
    if reasons.is_empty() {
        return None;
    }
    let message = status.extra.get("message").and_then(Value::as_str);
    let message = message.or_else(|| text_in(status.driver.as_ref(), "message"));
    let reason = match message.filter(|message| !message.is_empty()) {
        Some(message) => format!("{}: {message}", reasons.join(", ")),
        None => reasons.join(", "),
    };
    Some(status::AbnormalNode {
        name: node.metadata.name.clone()?,
        reason: cut(&reason),
    })
}

fn text_in<'a>(value: Option<&'a Value>, key: &str) -> Option<&'a str> {
    value?.get(key)?.as_str()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= TEXT {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(TEXT - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(name: &str, created: Option<i64>, phase: &str, reason: &str) -> Order {
        serde_json::from_value(
            json!({"orderName": name, "creationTimestamp": created, "phase": phase, "failReason": reason}),
        )
        .unwrap()
    }

    #[test]
    fn the_order_of_the_label_counts_and_no_older_one_in_its_place() {
        let orders = [
            order("b", Some(2), "processing", ""),
            order("c", Some(3), "successed", ""),
            order("a", Some(1), "failed", "sold out"),
        ];
        let untimed = [order("x", None, "running", ""), order("y", None, "failed", "")];
        type Case<'a> = (&'a [Order], Option<&'a str>, Option<&'a str>, &'a str);
        let table: [Case<'_>; 6] = [
            (&orders, Some("a"), Some("a"), "named"),
            (&orders, Some("d"), None, "named and not there yet"),
            (&orders, None, Some("c"), "the newest"),
            (&orders, Some(""), Some("c"), "an empty label is none"),
            (&untimed, None, Some("x"), "the first without times"),
            (&[], None, None, "no orders"),
        ];
        for (orders, name, found, why) in table {
            let order = relevant(orders, name).and_then(|order| order.order_name.as_deref());
            assert_eq!(order, found, "{why}");
        }
        let shown = reported(&orders, Some("a")).unwrap();
        assert_eq!(
            (shown.phase.as_deref(), shown.fail_reason.as_deref()),
            (Some("failed"), Some("sold out"))
        );
        let awaited = reported(&orders, Some("d")).unwrap();
        assert_eq!((awaited.name.as_str(), awaited.phase), ("d", None));
        assert_eq!(reported(&[], None), None);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let orders = [order("a", None, "failed", &"é".repeat(400))];
        let reason = reported(&orders, None).unwrap().fail_reason.unwrap();
        assert_eq!(reason.chars().count(), 300);
        assert!(reason.ends_with("é…"), "{reason}");
    }

    #[test]
    fn an_order_is_over_in_the_service_s_own_words_only() {
        for (phase, over) in [
            ("successed", true),
            ("partialSuccessed", true),
            ("failed", true),
            ("pending", false),
            ("processing", false),
            ("running", false),
            ("paused", false),
        ] {
            assert_eq!(is_over(phase), over, "{phase}");
        }
    }

    fn node(name: &str, phase: &str, driver: &str, billing: &str, message: Option<&str>) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": name, "labels": {keys::NODE_BILLING_STATUS: billing}},
            "status": {"phase": phase, "driver": {"phase": driver}, "message": message},
        }))
        .unwrap()
    }

    #[test]
    fn a_node_that_cannot_be_used_is_named_with_all_that_is_wrong() {
        let table = [
            (node("n", "Available", "Running", "0", None), None),
            (node("n", "Abnormal", "Running", "0", None), Some("Abnormal")),
            (node("n", "Available", "Abnormal", "0", None), Some("driver Abnormal")),
            (node("n", "Available", "Running", "1", None), Some("frozen by billing")),
            (
                node("n", "Abnormal", "Abnormal", "2", Some("no disk")),
                Some("Abnormal, driver Abnormal, deleted by billing: no disk"),
            ),
            (node("n", "Deleting", "Abnormal", "1", None), None),
            (node("n", "Creating", "Pending", "0", Some("being made")), None),
        ];
        for (node, reason) in table {
            let found = abnormal(std::slice::from_ref(&node));
            assert_eq!(found.first().map(|node| node.reason.as_str()), reason, "{node:?}");
        }
    }

    #[test]
    fn at_most_ten_nodes_are_named_in_order() {
        let nodes: Vec<Node> = (0..15)
            .rev()
            .map(|n| node(&format!("n{n:02}"), "Abnormal", "", "0", None))
            .collect();
        let names: Vec<String> = abnormal(&nodes).into_iter().map(|node| node.name).collect();
        assert_eq!(names.len(), 10);
        assert_eq!((names[0].as_str(), names[9].as_str()), ("n00", "n09"));
    }
}
