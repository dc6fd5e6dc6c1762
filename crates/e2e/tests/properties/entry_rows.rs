//! The properties of an entry of a pool's `resources`, one row each. The pool has one entry.

use serde_json::{Value, json};

use crate::table::{Cleared, Life, Row};

/// All properties of an entry.
pub fn rows() -> Vec<Row> {
    [size(), kind(), parts(), disks()].into_iter().flatten().collect()
}

/// A spec whose one entry has `more` beside its flavor and two nodes; null removes.
fn entry(more: Value) -> Value {
    let mut entry = json!({ "flavor": "modelarts.vm.cpu.8ud", "count": 2 });
    e2e::scene::merge(&mut entry, &more);
    json!({ "resources": [entry] })
}

/// A property that is absent, or has one of two values, or a wrong one: each as what the entry has.
fn row(path: &'static str, values: [Value; 3], wrong: (Value, &'static str), life: Life) -> Row {
    let [absent, first, second] = values;
    Row {
        path,
        bare: json!({}),
        first: entry(first),
        second: Some(entry(second)),
        clear: entry(absent),
        invalid: (entry(wrong.0), wrong.1),
        life,
    }
}

fn sent(at: &'static str, shows: [Value; 2], cleared: Cleared) -> Life {
    Life::Sent { at, shows, cleared }
}

/// A property of which the cloud shows just what was written.
fn verbatim(
    path: &'static str,
    at: &'static str,
    values: [&str; 2],
    put: impl Fn(Value) -> Value,
    wrong: (Value, &'static str),
    cleared: (Value, Cleared),
) -> Row {
    let [first, second] = values.map(|value| json!(value));
    let entries = [cleared.0, put(first.clone()), put(second.clone())];
    row(path, entries, wrong, sent(at, [first, second], cleared.1))
}

fn size() -> Vec<Row> {
    let zones = |a: Value, b: Value| json!({ "count": 3, "azs": [{ "az": "cn-north-4a", "count": a }, { "az": "cn-north-4b", "count": b }] });
    let zone = |name: Value| json!({ "azs": [{ "az": name, "count": 2 }] });
    vec![
        row(
            "resources[].count",
            [json!({ "count": null }), json!({ "count": 1 }), json!({ "count": 3 })],
            (json!({ "count": 0 }), "spec.resources[0].count"),
            sent("/spec/resources/0/count", [json!(1), json!(3)], Cleared::Stays),
        ),
        row(
            "resources[].azs[].count",
            [
                json!({ "count": 3, "azs": [{ "az": "cn-north-4a" }, { "az": "cn-north-4b", "count": 1 }] }),
                zones(json!(2), json!(1)),
                zones(json!(1), json!(2)),
            ],
            (zones(json!(0), json!(3)), "spec.resources[0].azs[0].count"),
            sent(
                "/spec/resources/0/azs/0/count",
                [json!(2), json!(1)],
                Cleared::Refused("spec.resources[0].azs[0].count"),
            ),
        ),
        // Nodes do not move: without a size at the beginning, all of them are made in the first zone.
        verbatim(
            "resources[].azs[].az",
            "/spec/resources/0/azs/0/az",
            ["cn-north-4a", "cn-north-4b"],
            zone,
            (zone(json!("")), "spec.resources[0].azs[0].az"),
            (json!({ "count": null }), Cleared::Stays),
        ),
    ]
}

fn kind() -> Vec<Row> {
    let step = |step: i64, type_: &str| json!({ "count": 8, "creatingStep": { "step": step, "type": type_ } });
    let fixed = |at: &'static str, shows: Value| Life::Fixed {
        at,
        shows,
        names: "spec.resources",
    };
    let flavor = |name: Value| json!({ "flavor": name });
    let pool = |name: Value| json!({ "nodePool": name });
    vec![
        verbatim(
            "resources[].flavor",
            "/spec/resources/0/flavor",
            ["modelarts.vm.cpu.8ud", "modelarts.vm.cpu.16u64g.d"],
            flavor,
            (flavor(json!("")), "spec.resources[0].flavor"),
            (flavor(Value::Null), Cleared::Refused("spec.resources[0].flavor")),
        ),
        verbatim(
            "resources[].nodePool",
            "/spec/resources/0/nodePool",
            ["team-a", "team-b"],
            pool,
            (pool(json!("Team")), "spec.resources[0].nodePool"),
            (json!({}), Cleared::Shows(json!("modelarts.vm.cpu.8ud-default"))),
        ),
        row(
            "resources[].creatingStep.step",
            [
                json!({ "count": 8 }),
                step(4, "hyperinstance"),
                step(2, "hyperinstance"),
            ],
            (step(0, "hyperinstance"), "spec.resources[0].creatingStep.step"),
            fixed("/spec/resources/0/creatingStep/step", json!(4)),
        ),
        row(
            "resources[].creatingStep.type",
            [json!({ "count": 8 }), step(4, "hyperinstance"), step(4, "rack")],
            (step(4, ""), "spec.resources[0].creatingStep.type"),
            fixed("/spec/resources/0/creatingStep/type", json!("hyperinstance")),
        ),
    ]
}

/// The free parts of an entry. What the spec does not name any more stays as it is, but for keys of maps
/// that the spec itself wrote.
fn parts() -> Vec<Row> {
    let os = |key: &'static str| move |value: Value| json!({ "os": { key: value } });
    let label = |value: Value| json!({ "labels": { "team": value } });
    let parameter = |value: Value| json!({ "extendParams": { "dockerBaseSize": value } });
    let driver = |value: Value| json!({ "flavor": "modelarts.vm.gpu.v100", "driver": { "version": value } });
    let stays = || (json!({}), Cleared::Stays);
    let goes = || (json!({}), Cleared::Shows(Value::Null));
    vec![
        verbatim(
            "resources[].labels.*",
            "/spec/resources/0/labels/team",
            ["a", "b"],
            label,
            (label(json!("x".repeat(64))), "spec.resources[0].labels.team"),
            goes(),
        ),
        verbatim(
            "resources[].extendParams.*",
            "/spec/resources/0/extendParams/dockerBaseSize",
            ["50", "100"],
            parameter,
            (parameter(json!(50)), "spec.resources[0].extendParams.dockerBaseSize"),
            goes(),
        ),
        verbatim(
            "resources[].driver.version",
            "/spec/resources/0/driver/version",
            ["440.31", "470.57"],
            driver,
            (driver(json!("")), "spec.resources[0].driver.version"),
            (json!({ "flavor": "modelarts.vm.gpu.v100" }), Cleared::Stays),
        ),
        verbatim(
            "resources[].os.name",
            "/spec/resources/0/os/name",
            ["EulerOS 2.8", "EulerOS 2.10"],
            os("name"),
            (os("name")(json!("")), "spec.resources[0].os.name"),
            stays(),
        ),
        verbatim(
            "resources[].os.imageId",
            "/spec/resources/0/os/imageId",
            ["image-1", "image-2"],
            os("imageId"),
            (os("imageId")(json!("")), "spec.resources[0].os.imageId"),
            stays(),
        ),
        verbatim(
            "resources[].os.imageType",
            "/spec/resources/0/os/imageType",
            ["private", "shared"],
            os("imageType"),
            (os("imageType")(json!("")), "spec.resources[0].os.imageType"),
            stays(),
        ),
    ]
}

/// The disks: of the system, and the first of the data.
fn disks() -> Vec<Row> {
    [DISK, DATA_DISK].iter().flat_map(Disk::rows).collect()
}

/// A disk of an entry: where it is in the schema, in the cloud, and in refusals.
struct Disk {
    list: bool,
    paths: [&'static str; 4],
    at: [&'static str; 4],
    fields: [&'static str; 4],
}

const DISK: Disk = Disk {
    list: false,
    paths: [
        "resources[].rootVolume.volumeType",
        "resources[].rootVolume.size",
        "resources[].rootVolume.count",
        "resources[].rootVolume.extendParams.*",
    ],
    at: [
        "/spec/resources/0/rootVolume/volumeType",
        "/spec/resources/0/rootVolume/size",
        "/spec/resources/0/rootVolume/count",
        "/spec/resources/0/rootVolume/extendParams/volumeGroup",
    ],
    fields: [
        "spec.resources[0].rootVolume.volumeType",
        "spec.resources[0].rootVolume.size",
        "spec.resources[0].rootVolume.count",
        "spec.resources[0].rootVolume.extendParams.volumeGroup",
    ],
};

const DATA_DISK: Disk = Disk {
    list: true,
    paths: [
        "resources[].dataVolumes[].volumeType",
        "resources[].dataVolumes[].size",
        "resources[].dataVolumes[].count",
        "resources[].dataVolumes[].extendParams.*",
    ],
    at: [
        "/spec/resources/0/dataVolumes/0/volumeType",
        "/spec/resources/0/dataVolumes/0/size",
        "/spec/resources/0/dataVolumes/0/count",
        "/spec/resources/0/dataVolumes/0/extendParams/volumeGroup",
    ],
    fields: [
        "spec.resources[0].dataVolumes[0].volumeType",
        "spec.resources[0].dataVolumes[0].size",
        "spec.resources[0].dataVolumes[0].count",
        "spec.resources[0].dataVolumes[0].extendParams.volumeGroup",
    ],
};

impl Disk {
    /// The entry with `more` beside what every disk needs; null removes.
    fn put(&self, more: Value) -> Value {
        let mut volume = json!({ "volumeType": "SSD", "size": "500Gi" });
        e2e::scene::merge(&mut volume, &more);
        match self.list {
            true => json!({ "dataVolumes": [volume] }),
            false => json!({ "rootVolume": volume }),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let parameter = |value: Value| self.put(json!({ "extendParams": { "volumeGroup": value } }));
        let count = |value: Value| self.put(json!({ "count": value }));
        vec![
            self.required(0, "volumeType", ["SSD", "SAS"], ""),
            self.required(1, "size", ["500Gi", "1000Gi"], "1Ti"),
            row(
                self.paths[2],
                [self.put(json!({})), count(json!(1)), count(json!(2))],
                (count(json!(0)), self.fields[2]),
                sent(self.at[2], [json!(1), json!(2)], Cleared::Stays),
            ),
            verbatim(
                self.paths[3],
                self.at[3],
                ["vgpaas", "default"],
                parameter,
                (parameter(json!("x".repeat(129))), self.fields[3]),
                (self.put(json!({})), Cleared::Stays),
            ),
        ]
    }

    fn required(&self, number: usize, key: &str, values: [&str; 2], wrong: &str) -> Row {
        let put = |value: Value| self.put(json!({ key: value }));
        verbatim(
            self.paths[number],
            self.at[number],
            values,
            put,
            (put(json!(wrong)), self.fields[number]),
            (put(Value::Null), Cleared::Refused(self.fields[number])),
        )
    }
}
