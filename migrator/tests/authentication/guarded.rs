//! A replica set of one that demands authentication.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use bson::{Bson, Document, doc};
use conversation_testkit::{Mongod, until};
use mongodb::Client;
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);
/// The database of the tests.
pub(crate) const DATABASE: &str = "conversations";

/// The server with its administrator.
pub(crate) struct Guarded {
    server: Mongod,
    admin: Client,
    _folder: TempDir,
}

impl Guarded {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let key = folder.path().join("key");
        fs::write(&key, "c2VjcmV0IG9mIHRoZSB0ZXN0cw==").expect("written");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).expect("set");
        let key = key.to_str().expect("a path");
        let server = Mongod::start(&folder.path().join("data"), &["--replSet", "guarded", "--keyFile", key]);
        let server = server.expect("started");
        server.wait_until_up().await.expect("up");
        let member = doc! { "_id": 0, "host": server.address() };
        // Until there is a user, the server trusts its own machine.
        let initiate = doc! { "replSetInitiate": { "_id": "guarded", "members": [member] } };
        server.admin(initiate).await.expect("initiated");
        until(DEADLINE, "a primary", async || {
            server.hello().await.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
        })
        .await
        .expect("in time");
        let root = doc! { "createUser": "root", "pwd": "root", "roles": ["root"] };
        server.admin(root).await.expect("created");
        let uri = uri(&server, "root", "root");
        let admin = Client::with_uri_str(uri).await.expect("a client");
        Self { server, admin, _folder: folder }
    }

    /// Makes a user with roles, each a name and a database, and returns how to connect as that user.
    pub(crate) async fn user(&self, name: &str, roles: &[(&str, &str)]) -> String {
        let roles: Vec<Bson> = roles.iter().map(|(role, db)| doc! { "role": *role, "db": *db }.into()).collect();
        self.admin(doc! { "createUser": name, "pwd": "geheim", "roles": roles }).await;
        self.uri(name, "geheim")
    }

    pub(crate) async fn admin(&self, command: Document) {
        self.admin.database("admin").run_command(command).await.expect("the server does it");
    }

    pub(crate) async fn create_collection(&self, name: &str) {
        self.admin.database(DATABASE).create_collection(name).await.expect("created");
    }

    pub(crate) fn uri(&self, user: &str, password: &str) -> String {
        uri(&self.server, user, password)
    }
}

fn uri(server: &Mongod, user: &str, password: &str) -> String {
    format!("mongodb://{user}:{password}@{}/?replicaSet=guarded", server.address())
}
