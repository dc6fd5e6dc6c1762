//! Keys of labels and annotations, as the service spells them. All values are texts.

/// Label: the name the user chose.
pub const NAME: &str = "os.modelarts/name";
/// Label: the workspace; absent means `"0"`.
pub const WORKSPACE_ID: &str = "os.modelarts/workspace.id";
/// Label: prefix of node names.
pub const NODE_PREFIX: &str = "os.modelarts/node.prefix";
/// Label: `shared` or `unshared`; one edition only.
pub const SHARING: &str = "os.modelarts/sharing";
/// Label: main billing resource.
pub const RESOURCE_ID: &str = "os.modelarts/resource.id";
/// Label: the account.
pub const TENANT_DOMAIN_ID: &str = "os.modelarts/tenant.domain.id";
/// Label: the project.
pub const TENANT_PROJECT_ID: &str = "os.modelarts/tenant.project.id";
/// Label: the enterprise project.
pub const ENTERPRISE_PROJECT_ID: &str = "os.modelarts/enterprise.project.id";
/// Label: `public` or `private`.
pub const POOL_BIZ: &str = "os.modelarts.pool/biz";
/// Label: where the pool was created from.
pub const CREATE_FROM: &str = "os.modelarts/create-from";
/// Label: pool is not billed.
pub const NO_BILLING: &str = "os.modelarts/nobilling";
/// Label: record of the last order.
pub const ORDER_NAME: &str = "os.modelarts/order.name";
/// Label: region.
pub const REGION: &str = "os.modelarts/region";
/// Label: set on Lite pools.
pub const PRIVILEGED: &str = "os.modelarts/privileged";
/// Label of a flavor: job types it can be used for, joined by full stops.
pub const SCOPE: &str = "os.modelarts/scope";

/// Annotation: text of the user.
pub const DESCRIPTION: &str = "os.modelarts/description";
/// Annotation: `"0"` pay per use, `"1"` yearly or monthly.
pub const BILLING_MODE: &str = "os.modelarts/billing.mode";
/// Annotation: number of periods.
pub const PERIOD_NUM: &str = "os.modelarts/period.num";
/// Annotation: `"2"` month, `"3"` year, `"4"` hour (answers only).
pub const PERIOD_TYPE: &str = "os.modelarts/period.type";
/// Annotation: `"1"` renews by itself.
pub const AUTO_RENEW: &str = "os.modelarts/auto.renew";
/// Annotation: whether the order is paid without a person.
pub const AUTO_PAY: &str = "os.modelarts/auto.pay";
/// Annotation: discount chosen.
pub const PROMOTION_INFO: &str = "os.modelarts/promotion.info";
/// Annotation: page shown after payment.
pub const SERVICE_CONSOLE_URL: &str = "os.modelarts/service.console.url";
/// Annotation: order in billing.
pub const ORDER_ID: &str = "os.modelarts/order.id";
/// Annotation: JSON object in a text, flavor to billing resource.
pub const FLAVOR_RESOURCE_IDS: &str = "os.modelarts/flavor.resource.ids";
/// Annotation: JSON list in a text, the tags given at creation.
pub const TMS_TAGS: &str = "os.modelarts/tms.tags";
/// Annotation: priority of others' jobs in a shared pool; one edition only.
pub const SCHEDULER_EXTENSION: &str = "os.modelarts/scheduler.extension";
/// Annotation: how jobs queue.
pub const SCHEDULER_QUEUE_STRATEGY: &str = "os.modelarts.pool/scheduler.queue.strategy";
/// Annotation: number of logical pools inside.
pub const SUBPOOLS_COUNT: &str = "os.modelarts.pool/subpools.count";
/// Annotation: name of the account.
pub const TENANT_DOMAIN_NAME: &str = "os.modelarts/tenant.domain.name";
/// Annotation: accepted in a patch, meaning not documented.
pub const DRAIN_ENABLED: &str = "os.modelarts.pool/drain.enabled";
/// Annotation: reachable from outside; one edition only.
pub const EXTERNAL_ACCESS: &str = "os.modelarts/external-access";
/// Annotation: one cabinet per job; one edition only.
pub const CABINET_EXCLUSIVE: &str = "os.modelarts/volcano.scheduler.cabinet-exclusive.enabled";
/// Annotation: what training needs from outside the pool.
pub const EXTERNAL_DEPENDENCY_TRAIN: &str = "os.modelarts.pool/scope.external.dependency.Train";
/// Annotation: the same in the spelling of another edition.
pub const EXTERNAL_DEPENDENCY_TRAIN_LOWER: &str = "os.modelarts.pool/scope.external.dependency.train";
/// Annotation: what inference needs from outside the pool.
pub const EXTERNAL_DEPENDENCY_INFER: &str = "os.modelarts.pool/scope.external.dependency.Infer";
/// Annotation: what notebooks need from outside the pool.
pub const EXTERNAL_DEPENDENCY_NOTEBOOK: &str = "os.modelarts.pool/scope.external.dependency.Notebook";
/// Annotation of a flavor: which images fit.
pub const FLAVOR_IMAGE_FILTER: &str = "os.modelarts.flavor/image.filter";

/// Label of a node: its node pool.
pub const NODE_NODEPOOL: &str = "os.modelarts.node/nodepool";
/// Label of a node: `0` normal, `1` frozen, `2` deleted.
pub const NODE_BILLING_STATUS: &str = "os.modelarts/billing.status";
/// Label of a node: the server behind it.
pub const NODE_INSTANCE_ID: &str = "os.modelarts.node/underlying.instance.id";
