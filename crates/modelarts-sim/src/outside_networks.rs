//! What happens to networks behind the back of every API client, as `outside` does for pools.

use serde_json::Value;

use crate::{
    clock::Millis,
    cloud::Cloud,
    json::merge,
    network::NetworkRecord,
    outside::{over, trace},
    refusal::Refusal,
};

impl Cloud {
    /// All networks of all projects up to `now`, as ShowNetwork shows them.
    pub fn all_networks(&mut self, now: Millis) -> Vec<Value> {
        self.settle(now);
        let networks = self.projects.values().flat_map(|project| project.networks.values());
        networks.map(NetworkRecord::view).collect()
    }

    /// Somebody else creates a network, by the same rules as everybody.
    ///
    /// # Errors
    /// As CreateNetwork.
    pub fn create_network_out_of_band(
        &mut self,
        project: &str,
        body: &Value,
        request_id: &str,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.settle(now);
        self.add_project(project, now);
        self.new_network(project, body, trace("OutOfBandCreateNetwork", request_id), now)
    }

    /// Changes labels, annotations or the spec of a network, by no rules at all.
    ///
    /// # Errors
    /// 404.
    pub fn patch_network_out_of_band(
        &mut self,
        id: &str,
        patch: &Value,
        request_id: &str,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of_network(id)?;
        let network = self.network_mut(&project, id)?;
        over(&mut network.labels, &patch["metadata"]["labels"]);
        over(&mut network.annotations, &patch["metadata"]["annotations"]);
        if patch["spec"].is_object() {
            merge(&mut network.spec, &patch["spec"]);
        }
        let (name, view) = (network.name().to_owned(), network.view());
        self.record_network(&project, id, &name, trace("OutOfBandPatchNetwork", request_id), now);
        Ok(view)
    }

    /// The network vanishes at once, even from under its pools.
    ///
    /// # Errors
    /// 404.
    pub fn delete_network_out_of_band(&mut self, id: &str, request_id: &str, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        let project = self.project_of_network(id)?;
        let name = self.network_mut(&project, id)?.name().to_owned();
        if let Some(project) = self.projects.get_mut(&project) {
            project.networks.remove(id);
        }
        self.record_network(&project, id, &name, trace("OutOfBandDeleteNetwork", request_id), now);
        Ok(())
    }

    /// Puts a network into a phase, known or not, such as `Abnormal` and `Active` again.
    ///
    /// # Errors
    /// 404.
    pub fn set_network_phase(&mut self, id: &str, to: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of_network(id)?;
        let network = self.network_mut(&project, id)?;
        to.clone_into(&mut network.phase);
        Ok(network.view())
    }

    fn project_of_network(&self, id: &str) -> Result<String, Refusal> {
        let mut projects = self.projects.iter();
        projects
            .find(|(_, project)| project.networks.contains_key(id))
            .map(|(name, _)| name.clone())
            .ok_or_else(Refusal::network_not_found)
    }
}
