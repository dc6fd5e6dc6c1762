//! Orders.

/// Whether an order is over.
pub fn is_over(phase: &str) -> bool {
    matches!(phase, "successed" | "partialSuccessed" | "failed")
}

/// stub
pub fn relevant(
    _orders: &[modelarts_types::order::Order],
    _name: Option<&str>,
) -> Option<modelarts_crd::status::Order> {
    None
}

/// stub
pub fn abnormal(_nodes: &[modelarts_types::node::Node]) -> Vec<modelarts_crd::status::AbnormalNode> {
    Vec::new()
}
