//! The Deployment of a service, also one that the operator's copies do not have because somebody took its label away.

use k8s_openapi::api::apps::v1::Deployment;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{Context, Error, apply::Done, owns};
use crate::{
    api::ConversationService,
    desired::{MANAGED_BY, OPERATOR, Owner},
    kinds::Kind,
};

impl Context {
    /// The Deployment, if there is one and it is the service's.
    pub(super) async fn deployment(
        &self,
        owner: &Owner,
        service: &ConversationService,
    ) -> Result<Option<Deployment>, Error> {
        let Owner { namespace, name, .. } = owner;
        let released = service.status.as_ref().is_some_and(|status| status.image.is_some());
        let known = self.stores.object(Kind::Deployment, namespace, name).is_some();
        if !known && !released {
            return Ok(None);
        }
        let found = self.found(Kind::Deployment, namespace, name).await?;
        let found: Option<Deployment> = found.and_then(|found| serde_json::from_value(found).ok());
        Ok(found.filter(|found| owns(&owner.uid, found)))
    }

    /// Gives a Deployment its label back, and leaves all the rest of it as it is.
    pub(super) async fn relabel(&self, owner: &Owner, found: &Deployment) -> Result<Done, Error> {
        let (kind, name) = (Kind::Deployment, &owner.name);
        if found.labels().get(MANAGED_BY).is_some_and(|manager| manager == OPERATOR) {
            return Ok(Done::Nothing);
        }
        if let Some(wait) = self.contended(owner, kind, name) {
            return Ok(Done::Contended(wait));
        }
        let body = json!({"metadata": {"uid": found.uid(), "labels": {MANAGED_BY: OPERATOR}}});
        let params = PatchParams { field_manager: Some(OPERATOR.to_owned()), ..PatchParams::default() };
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &owner.namespace);
        let written = deployments.patch_metadata(name, &params, &Patch::Merge(&body)).await;
        written.map_err(|error| Error::writing(kind, name, error))?;
        self.metrics.wrote(kind.row().name, "restored");
        Ok(Done::Nothing)
    }
}
