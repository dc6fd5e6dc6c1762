//! The flavors that the simulated region offers.
//!
//! Names and sizes follow what the service publishes where known; the capacity in each zone is
//! made up, with one flavor sold out everywhere so that the refusal can be tried.

use serde_json::{Value, json};

/// A flavor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    /// The name that a pool's resource entry refers to.
    pub name: &'static str,
    /// `x86` or `arm64`.
    pub arch: &'static str,
    cpu: &'static str,
    memory: &'static str,
    /// What it accelerates with.
    pub accelerator: Accelerator,
    /// Its zones, each with `normal` or `soldout` as it is at the start.
    pub zones: &'static [(&'static str, &'static str)],
    prepaid: bool,
}

/// The accelerator cards of a flavor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// None.
    None,
    /// GPU: type, number, memory of each.
    Gpu(&'static str, &'static str, &'static str),
    /// Ascend NPU: type, number, memory of each.
    Npu(&'static str, &'static str, &'static str),
}

const EVERYWHERE: &[(&str, &str)] = &[
    ("cn-north-7c", "normal"),
    ("cn-north-7a", "normal"),
    ("cn-north-4a", "normal"),
    ("cn-north-4b", "normal"),
];
const ONE_SOLD_OUT: &[(&str, &str)] = &[
    ("cn-north-7c", "normal"),
    ("cn-north-7a", "soldout"),
    ("cn-north-4a", "normal"),
    ("cn-north-4b", "normal"),
];
const SOLD_OUT: &[(&str, &str)] = &[("cn-north-7c", "soldout"), ("cn-north-4a", "soldout")];

#[rustfmt::skip]
const FLAVORS: &[Flavor] = &[
    Flavor { name: "modelarts.vm.gpu.tnt004", arch: "x86", cpu: "8", memory: "32Gi",
        accelerator: Accelerator::Gpu("tnt004", "1", "16Gi"), zones: ONE_SOLD_OUT, prepaid: true },
    Flavor { name: "modelarts.vm.gpu.v100", arch: "x86", cpu: "8", memory: "64Gi",
        accelerator: Accelerator::Gpu("nvidia-v100", "1", "32Gi"), zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.bm.gpu.8v100", arch: "x86", cpu: "72", memory: "512Gi",
        accelerator: Accelerator::Gpu("nvidia-v100", "8", "32Gi"), zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.bm.gpu.8a100", arch: "x86", cpu: "96", memory: "960Gi",
        accelerator: Accelerator::Gpu("nvidia-a100", "8", "80Gi"), zones: SOLD_OUT, prepaid: true },
    Flavor { name: "modelarts.vm.cpu.4ud", arch: "x86", cpu: "4", memory: "8Gi",
        accelerator: Accelerator::None, zones: EVERYWHERE, prepaid: false },
    Flavor { name: "modelarts.vm.cpu.8ud", arch: "x86", cpu: "8", memory: "32Gi",
        accelerator: Accelerator::None, zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.vm.cpu.16u64g.d", arch: "x86", cpu: "16", memory: "64Gi",
        accelerator: Accelerator::None, zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.vm.arm.cpu.8ud", arch: "arm64", cpu: "8", memory: "32Gi",
        accelerator: Accelerator::None, zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.kat1.8xlarge", arch: "arm64", cpu: "192", memory: "720Gi",
        accelerator: Accelerator::Npu("ascend-910", "8", "32Gi"), zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.bm.npu.arm.8snt9b", arch: "arm64", cpu: "192", memory: "1536Gi",
        accelerator: Accelerator::Npu("ascend-snt9b", "8", "64Gi"), zones: EVERYWHERE, prepaid: true },
    Flavor { name: "modelarts.vm.npu.ai1s", arch: "x86", cpu: "4", memory: "8Gi",
        accelerator: Accelerator::Npu("ascend-310", "1", "8Gi"), zones: EVERYWHERE, prepaid: true },
];

/// All flavors, in the order of their names.
#[must_use]
pub fn all() -> Vec<&'static Flavor> {
    let mut flavors: Vec<_> = FLAVORS.iter().collect();
    flavors.sort_by_key(|flavor| flavor.name);
    flavors
}

/// The flavor of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Flavor> {
    FLAVORS.iter().find(|flavor| flavor.name == name)
}

impl Flavor {
    /// What it is, as the service lists it.
    #[must_use]
    pub fn spec_view(&self) -> Value {
        let cards = |kind: &str, size: &str, memory: &str| json!({"type": kind, "size": size, "memory": memory});
        let mut spec = json!({
            "type": "Dedicate",
            "cpuArch": self.arch,
            "cpu": self.cpu,
            "memory": self.memory,
            "billingModes": if self.prepaid { json!([0, 1]) } else { json!([0]) },
            "dataVolumes": [{"volumeType": "SSD", "size": "500Gi"}],
        });
        match self.accelerator {
            Accelerator::None => {}
            Accelerator::Gpu(kind, size, memory) => spec["gpu"] = cards(kind, size, memory),
            Accelerator::Npu(kind, size, memory) => spec["npu"] = cards(kind, size, memory),
        }
        spec
    }
}
