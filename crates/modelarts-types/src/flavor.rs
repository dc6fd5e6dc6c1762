//! Resource flavors: the machine types a pool can be made of.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lenient::Lenient;
use crate::metadata::{ListMeta, Metadata};

shape! {
    /// A machine type. Its `metadata.name` is what `resources[].flavor` wants.
    pub struct Flavor {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `ResourceFlavor`.
        kind: Option<String> = "kind",
        /// Name and labels.
        metadata: Metadata = "metadata",
        /// The machine.
        spec: FlavorSpec = "spec",
        /// Where it can be had.
        status: Option<FlavorStatus> = "status",
    }
}

shape! {
    /// The machine.
    pub struct FlavorSpec {
        /// `Dedicate` or `Logical`.
        type_: Option<String> = "type",
        /// `x86` or `arm64`. All flavors of a pool share one.
        cpu_arch: Option<String> = "cpuArch",
        /// Cores.
        cpu: Option<String> = "cpu",
        /// Memory, for example `32Gi`.
        memory: Option<String> = "memory",
        /// GPUs.
        gpu: Option<Value> = "gpu",
        /// NPUs.
        npu: Option<Value> = "npu",
        /// 0 pay per use, 1 yearly or monthly.
        billing_modes: Option<Vec<i64>> = "billingModes",
        /// Code of the price list.
        billing_code: Option<String> = "billingCode",
        /// Job flavors that fit.
        job_flavors: Option<Vec<String>> = "jobFlavors",
        /// Volumes the machine comes with.
        data_volumes: Option<Vec<Value>> = "dataVolumes",
    }
}

shape! {
    /// Where a flavor can be had.
    pub struct FlavorStatus {
        /// Zone to `normal` or `soldout`.
        phase: Option<BTreeMap<String, Lenient<String>>> = "phase",
    }
}

shape! {
    /// One page of flavors.
    pub struct FlavorList {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `ResourceFlavorList`.
        kind: Option<String> = "kind",
        /// Where the next page begins.
        metadata: Option<ListMeta> = "metadata",
        /// The flavors. Absent means that the answer was not a list.
        items: Option<Vec<Flavor>> = "items",
    }
}

impl Flavor {
    /// The flavor's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata.name.as_deref()
    }

    /// Whether the service says of every zone that the flavor is sold out. Without a word about any
    /// zone it is not.
    #[must_use]
    pub fn sold_out_everywhere(&self) -> bool {
        let zones = self.status.as_ref().and_then(|status| status.phase.as_ref());
        zones.is_some_and(|zones| {
            !zones.is_empty()
                && zones
                    .values()
                    .all(|word| word.get().is_some_and(|word| word == "soldout"))
        })
    }
}
