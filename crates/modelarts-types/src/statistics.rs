//! How many pools of a workspace are in which state.

shape! {
    /// The answer of the statistics call.
    pub struct PoolStatistics {
        /// The numbers.
        statistics: Option<Statistics> = "statistics",
        /// When they were taken, in a notation of the service's own.
        operation_time: Option<String> = "operationTime",
    }
}

shape! {
    /// Numbers, grouped.
    pub struct Statistics {
        /// By state.
        status: Option<StatusCounts> = "status",
    }
}

shape! {
    /// Pools by state.
    pub struct StatusCounts {
        /// Being made.
        creating: Option<i64> = "creating",
        /// Made.
        created: Option<i64> = "created",
        /// Leaving.
        deleting: Option<i64> = "deleting",
        /// Failed within the last three days.
        failed: Option<i64> = "failed",
        /// Usually ordered and not paid.
        pending: Option<i64> = "pending",
    }
}
