//! The Compose file, with its anchors resolved: what an engine, or our own binaries, would refuse.

use std::collections::{BTreeMap, BTreeSet};

use super::dockerfile::Dockerfile;
use super::settings::Settings;

/// The port by which MongoDB's servers are known in the file.
const MONGODB_PORT: &str = ":27017";

/// The services by their names.
#[derive(Debug)]
pub(super) struct Compose(BTreeMap<String, Service>);

/// The values of a service, each with the keys that lead to it.
#[derive(Debug, Default)]
pub(super) struct Service(Vec<(Vec<String>, String)>);

impl Compose {
    /// Reads what `flatten.py` prints.
    pub(super) fn parse(flattened: &str) -> Self {
        let mut services = BTreeMap::<String, Service>::new();
        for line in flattened.lines() {
            let mut keys: Vec<String> = line.split('\t').map(str::to_owned).collect();
            let value = keys.pop().unwrap_or_default();
            if keys.len() > 2 && keys[0] == "services" {
                let inner = keys.split_off(2);
                services.entry(keys.remove(1)).or_default().0.push((inner, value));
            }
        }
        Self(services)
    }

    pub(super) fn services(&self) -> &BTreeMap<String, Service> {
        &self.0
    }

    /// Every fault; `exists` tells of a path in the repository.
    pub(super) fn violations(
        &self,
        settings: &Settings,
        dockerfile: &Dockerfile,
        exists: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for (name, service) in &self.0 {
            let mut faults = match service.value(&["build", "target"]) {
                Some(target) => service.of_ours(target, settings, dockerfile),
                None if service.has("build") => vec!["is built without a target".to_owned()],
                None => service.of_others(),
            };
            for source in service.mounted().filter(|source| !exists(source)) {
                faults.push(format!("mounts {source}, which does not exist"));
            }
            for host in service.hosts().filter(|host| !self.0.contains_key(*host)) {
                faults.push(format!("names the server {host}, which is no service"));
            }
            for (on, condition) in service.dependencies() {
                faults.extend(self.dependency(service, on, condition));
            }
            if self.leads_to(name, name, &mut BTreeSet::new()) {
                faults.push("depends on itself in the end".to_owned());
            }
            found.extend(faults.into_iter().map(|fault| format!("docker-compose.yml: {name}: {fault}")));
        }
        found
    }

    fn dependency(&self, service: &Service, on: &str, condition: &str) -> Option<String> {
        let Some(needed) = self.0.get(on) else {
            return Some(format!("depends on {on}, which is no service"));
        };
        let profiles = needed.list("profiles");
        let own = service.list("profiles");
        // Without a profile, a service is always there.
        if !profiles.is_empty() && (own.is_empty() || !own.is_subset(&profiles)) {
            return Some(format!("depends on {on}, which is not in every profile that it is in itself"));
        }
        let starts_again = needed.value(&["restart"]).is_some_and(|restart| restart != "no");
        match condition {
            "service_healthy" if !needed.has("healthcheck") => {
                Some(format!("waits for {on} to be healthy, which has no health check"))
            }
            "service_completed_successfully" if starts_again => {
                Some(format!("waits for {on} to end, which is started again"))
            }
            _ => None,
        }
    }

    fn leads_to<'a>(&'a self, from: &'a str, to: &str, seen: &mut BTreeSet<&'a str>) -> bool {
        let next = self.0.get(from).into_iter().flat_map(Service::dependencies);
        next.into_iter().any(|(on, _)| on == to || (seen.insert(on) && self.leads_to(on, to, seen)))
    }
}

impl Service {
    /// The faults of a service that runs one of our binaries.
    fn of_ours(&self, target: &str, settings: &Settings, dockerfile: &Dockerfile) -> Vec<String> {
        let mut faults = Vec::new();
        if !dockerfile.has_stage(target) {
            faults.push(format!("is built from {target}, which is no target of the Dockerfile"));
        }
        for argument in self.keys(&["build", "args"]).filter(|argument| !dockerfile.takes(argument)) {
            faults.push(format!("is built with {argument}, which the Dockerfile does not take"));
        }
        for variable in self.variables() {
            if settings.knows(target, variable) != Some(true) {
                faults.push(format!("is given {variable}, which is no setting of {target}"));
            }
        }
        if self.has("env_file") {
            faults.push("has an env_file, which cannot be checked".to_owned());
        }
        let options = self.values("command").filter(|word| target == "migrator" && word.starts_with("--"));
        for option in options.filter(|option| !settings.migrator_options.contains(*option)) {
            faults.push(format!("is run with {option}, which is no option of {target}"));
        }
        if self.value(&["read_only"]) != Some("true") {
            faults.push("has a writable file system".to_owned());
        }
        if !self.list("cap_drop").contains("ALL") {
            faults.push("keeps capabilities".to_owned());
        }
        if !self.list("security_opt").contains("no-new-privileges:true") {
            faults.push("can gain privileges".to_owned());
        }
        faults
    }

    /// The faults of a service that runs somebody else's image.
    fn of_others(&self) -> Vec<String> {
        let image = self.value(&["image"]).unwrap_or_default();
        // A name may hold a port, so the tag is what follows the last colon behind the last slash.
        let tag = image.rsplit('/').next().and_then(|last| last.split_once(':')).map_or("", |(_, tag)| tag);
        let version = tag.split('-').next().unwrap_or_default();
        let is_exact = version.split('.').count() == 3 && version.split('.').all(|part| part.parse::<u32>().is_ok());
        if is_exact { Vec::new() } else { vec![format!("runs {image:?}, which is no exact version")] }
    }

    fn variables(&self) -> impl Iterator<Item = &str> {
        self.under(&["environment"]).filter_map(|(keys, value)| {
            let key = keys.first()?.as_str();
            // A list holds NAME=value, and a map the name as its key.
            let is_list = key.parse::<usize>().is_ok();
            if is_list { value.split('=').next() } else { Some(key) }
        })
    }

    /// The servers of MongoDB in all values.
    fn hosts(&self) -> impl Iterator<Item = &str> {
        let given = self.0.iter().filter(|(keys, _)| matches!(keys[0].as_str(), "environment" | "command"));
        let parts = given.flat_map(|(_, value)| value.split(['/', ',', ' ', '@', '?', '=']));
        parts.filter_map(|part| part.strip_suffix(MONGODB_PORT))
    }

    /// The files and folders of the repository that it sees, in the short form that ours are written in.
    fn mounted(&self) -> impl Iterator<Item = &str> {
        self.values("volumes").filter_map(|volume| volume.split(':').next()?.strip_prefix("./"))
    }

    fn dependencies(&self) -> Vec<(&str, &str)> {
        let depends = self.under(&["depends_on"]);
        depends
            .filter_map(|(keys, value)| match keys {
                [on, key] if key == "condition" => Some((on.as_str(), value)),
                // The short form, a list of names.
                [_] => Some((value, "service_started")),
                _ => None,
            })
            .collect()
    }

    fn under<'a>(&'a self, path: &[&str]) -> impl Iterator<Item = (&'a [String], &'a str)> + use<'a> {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        self.0.iter().filter_map(move |(keys, value)| Some((keys.strip_prefix(path.as_slice())?, value.as_str())))
    }

    fn value(&self, path: &[&str]) -> Option<&str> {
        self.under(path).find(|(rest, _)| rest.is_empty()).map(|(_, value)| value)
    }

    fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.under(&[key]).map(|(_, value)| value)
    }

    fn keys(&self, path: &[&str]) -> impl Iterator<Item = &str> {
        self.under(path).filter_map(|(rest, _)| rest.first().map(String::as_str))
    }

    fn list(&self, key: &str) -> BTreeSet<&str> {
        self.values(key).collect()
    }

    fn has(&self, key: &str) -> bool {
        self.under(&[key]).next().is_some()
    }
}

#[cfg(test)]
mod tests;
