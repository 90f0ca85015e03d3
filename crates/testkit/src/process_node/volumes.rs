//! The volumes of a pod as folders, filled once: a later change of a Secret or ConfigMap does not reach the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use k8s_openapi::ByteString;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1 as core;
use kube::ResourceExt;
use kube::api::{Api, PostParams};

use super::Node;
use super::environment::{Refusal, field};

type Files = BTreeMap<String, Vec<u8>>;

/// Makes the folder of every volume in `directory`; a Secret or ConfigMap that is not there yet is waited for.
pub(super) async fn fill(node: &Node, pod: &core::Pod, directory: &Path) -> Result<(), Refusal> {
    for volume in pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()) {
        let files = files(node, pod, volume).await.map_err(|refusal| refusal.of_volume(&volume.name))?;
        write(&directory.join(&volume.name), files).map_err(Refusal::retry)?;
    }
    Ok(())
}

/// Where the path of a mount really is.
pub(super) fn mounted(directory: &Path, mount: &core::VolumeMount) -> PathBuf {
    let folder = directory.join(&mount.name);
    mount.sub_path.as_ref().map_or_else(|| folder.clone(), |path| folder.join(path))
}

async fn files(node: &Node, pod: &core::Pod, volume: &core::Volume) -> Result<Files, Refusal> {
    if volume.empty_dir.is_some() {
        return Ok(Files::new());
    }
    if let Some(source) = &volume.secret {
        let name = source.secret_name.as_deref().unwrap_or_default();
        return secret(node, pod, name, source.items.as_deref(), source.optional).await;
    }
    if let Some(source) = &volume.config_map {
        return config_map(node, pod, &source.name, source.items.as_deref(), source.optional).await;
    }
    let Some(projected) = &volume.projected else {
        return Err(Refusal::Unsupported(format!("the volume {} is of a kind that this node has not", volume.name)));
    };
    let mut files = Files::new();
    for source in projected.sources.iter().flatten() {
        files.extend(projection(node, pod, source).await?);
    }
    Ok(files)
}

async fn projection(node: &Node, pod: &core::Pod, source: &core::VolumeProjection) -> Result<Files, Refusal> {
    if let Some(source) = &source.secret {
        return secret(node, pod, &source.name, source.items.as_deref(), source.optional).await;
    }
    if let Some(source) = &source.config_map {
        return config_map(node, pod, &source.name, source.items.as_deref(), source.optional).await;
    }
    if let Some(source) = &source.service_account_token {
        return Ok(Files::from([(source.path.clone(), token(node, pod, source).await.map_err(Refusal::retry)?)]));
    }
    let Some(source) = &source.downward_api else {
        return Err(Refusal::Unsupported("a projected volume has a source that this node has not".to_owned()));
    };
    let mut files = Files::new();
    for item in source.items.iter().flatten() {
        let reference = item.field_ref.as_ref().map(|reference| reference.field_path.as_str());
        files.insert(item.path.clone(), field(pod, reference.unwrap_or_default())?.into_bytes());
    }
    Ok(files)
}

async fn secret(
    node: &Node,
    pod: &core::Pod,
    name: &str,
    items: Option<&[core::KeyToPath]>,
    optional: Option<bool>,
) -> Result<Files, Refusal> {
    let secrets: Api<core::Secret> = Api::namespaced(node.client.clone(), &pod.namespace().unwrap_or_default());
    let found = secrets.get_opt(name).await.map_err(Refusal::retry)?;
    let data =
        found.map(|secret| secret.data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value)));
    chosen(data.map(Iterator::collect), items, optional, || format!("secret \"{name}\" not found"))
}

async fn config_map(
    node: &Node,
    pod: &core::Pod,
    name: &str,
    items: Option<&[core::KeyToPath]>,
    optional: Option<bool>,
) -> Result<Files, Refusal> {
    let maps: Api<core::ConfigMap> = Api::namespaced(node.client.clone(), &pod.namespace().unwrap_or_default());
    let found = maps.get_opt(name).await.map_err(Refusal::retry)?;
    let data = found.map(|map| {
        let text = map.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.into_bytes()));
        let binary = map.binary_data.unwrap_or_default().into_iter().map(|(key, ByteString(value))| (key, value));
        text.chain(binary)
    });
    chosen(data.map(Iterator::collect), items, optional, || format!("configmap \"{name}\" not found"))
}

/// The keys that are asked for, under the paths that they are asked for under.
fn chosen(
    found: Option<Files>,
    items: Option<&[core::KeyToPath]>,
    optional: Option<bool>,
    missing: impl Fn() -> String,
) -> Result<Files, Refusal> {
    let optional = optional.unwrap_or_default();
    let mut found = match found {
        Some(found) => found,
        None if optional => return Ok(Files::new()),
        None => return Err(Refusal::mount(missing())),
    };
    let Some(items) = items else { return Ok(found) };
    let mut files = Files::new();
    for item in items {
        match found.remove(&item.key) {
            Some(value) => {
                files.insert(item.path.clone(), value);
            }
            None if optional => {}
            None => return Err(Refusal::mount(format!("references non-existent key: {}", item.key))),
        }
    }
    Ok(files)
}

async fn token(node: &Node, pod: &core::Pod, source: &core::ServiceAccountTokenProjection) -> anyhow::Result<Vec<u8>> {
    let accounts: Api<core::ServiceAccount> =
        Api::namespaced(node.client.clone(), &pod.namespace().unwrap_or_default());
    let account = pod.spec.as_ref().and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default");
    let spec = TokenRequestSpec {
        audiences: source.audience.iter().cloned().collect(),
        expiration_seconds: source.expiration_seconds,
        ..TokenRequestSpec::default()
    };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let answer = accounts.create_token_request(account, &PostParams::default(), &request).await?;
    Ok(answer.status.context("token")?.token.into_bytes())
}

fn write(folder: &Path, files: Files) -> anyhow::Result<()> {
    fs::create_dir_all(folder).context("folder of a volume")?;
    for (path, content) in files {
        let path = folder.join(path);
        let parent = path.parent().context("folder of a file")?;
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, content)).context("file of a volume")?;
    }
    Ok(())
}
