//! The runs of the migrator in the cluster.

use std::sync::Arc;

use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, PostParams, Preconditions},
    runtime::reflector::ObjectRef,
};

use super::{Context, Error, owns};
use crate::{
    api::{ConversationSchema, ConversationSchemaSpec},
    desired::{BODY, Command, OPERATOR, Owner, job, job_name},
    kinds::Kind,
    migration::{Run, State},
};

/// How many finished Jobs of an object are kept.
const KEPT: i64 = 3;

impl Context {
    fn job(&self, owner: &Owner, number: i64) -> Option<Arc<Job>> {
        let found = self.stores.jobs.get(&ObjectRef::new(&job_name(owner, number)).within(&owner.namespace))?;
        // One that is on its way out, or belonged to an object of this name that is gone, is none.
        (owns(&owner.uid, &*found) && found.metadata.deletion_timestamp.is_none()).then_some(found)
    }

    /// The run of this number.
    pub(super) async fn run(&self, owner: &Owner, number: i64) -> Result<Option<Run>, Error> {
        let Some(job) = self.job(owner, number) else { return Ok(None) };
        let uid = job.uid().unwrap_or_default();
        let of_job = |pod: &Pod| owns(&uid, pod);
        let run = Run::read(&job, &self.stores.pods.state_filter(of_job));
        match &run {
            // The copies of pods may be behind that of the Job, and what the pod said last is said only once.
            Some(Run { state: State::Ended(end), .. }) if end.exit_code.is_none() => {
                let label = format!("batch.kubernetes.io/job-name={}", job.name_any());
                let pods: Api<Pod> = Api::namespaced(self.client.clone(), &owner.namespace);
                let pods = pods.list(&ListParams::default().labels(&label)).await?;
                let pods: Vec<Arc<Pod>> = pods.items.into_iter().filter(of_job).map(Arc::new).collect();
                Ok(Run::read(&job, &pods))
            }
            _ => Ok(run),
        }
    }

    /// Whether an apply of a schema has begun. Nothing that the operator does may end it.
    pub(super) async fn applies(&self, schema: &ConversationSchema) -> Result<bool, Error> {
        let ended = schema.status.as_ref().map_or(0, |status| status.runs);
        let run = self.run(&Owner::from(schema), ended + 1).await?;
        Ok(run.is_some_and(|run| !run.is_harmless()))
    }

    /// Starts a run. That this very run was started already is what is wanted.
    pub(super) async fn start(
        &self,
        owner: &Owner,
        spec: &ConversationSchemaSpec,
        command: &Command,
        number: i64,
    ) -> Result<(), Error> {
        let desired = job(owner, spec, command, number);
        let body: Job = serde_json::from_value(desired.body).map_err(kube::Error::SerdeError)?;
        let params = PostParams { field_manager: Some(OPERATOR.to_owned()), ..PostParams::default() };
        match self.jobs(owner).create(&params, &body).await {
            Ok(_) => {
                self.metrics.wrote(Kind::Job.row().name, "made");
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 409 => self.check(owner, &desired.name, &body).await,
            Err(error) => Err(Error::writing(Kind::Job, &desired.name, error)),
        }
    }

    /// Whether a Job of the name is the one that was to be made.
    async fn check(&self, owner: &Owner, name: &str, wanted: &Job) -> Result<(), Error> {
        match self.jobs(owner).get_opt(name).await? {
            Some(found) if !owns(&owner.uid, &found) => {
                let holder = found.owner_references().first();
                let holder = holder.map_or("nobody".to_owned(), |owner| format!("{} {}", owner.kind, owner.name));
                Err(Error::Taken { kind: Kind::Job, name: name.to_owned(), holder })
            }
            Some(found) if found.annotations().get(BODY) == wanted.annotations().get(BODY) => Ok(()),
            // Another one of this object's, which the copies do not have yet, or none any more.
            _ => Err(Error::Moved { kind: Kind::Job, name: name.to_owned() }),
        }
    }

    /// Deletes a Job with its pod, and not another one that has its name by now.
    pub(super) async fn remove_job(&self, owner: &Owner, name: &str, uid: &str) -> Result<(), Error> {
        let preconditions = Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        let params = DeleteParams { preconditions, ..DeleteParams::background() };
        match self.jobs(owner).delete(name, &params).await {
            Ok(_) => {
                self.metrics.wrote(Kind::Job.row().name, "pruned");
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
            Err(error) => Err(Error::writing(Kind::Job, name, error)),
        }
    }

    /// Deletes the Job that is one too many after a run.
    pub(super) async fn forget_oldest(&self, owner: &Owner, last: i64) -> Result<(), Error> {
        match self.job(owner, last - KEPT) {
            Some(job) => self.remove_job(owner, &job.name_any(), &job.uid().unwrap_or_default()).await,
            None => Ok(()),
        }
    }

    fn jobs(&self, owner: &Owner) -> Api<Job> {
        Api::namespaced(self.client.clone(), &owner.namespace)
    }
}
