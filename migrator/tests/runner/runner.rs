//! Runs the migrator as its users do.

use std::process::{Child, Command, Output, Stdio};

use bson::{Document, doc};
use conversation_testkit::unique_database;
use mongodb::{Client, Collection};

/// A database of its own on a deployment that the tests share.
pub(crate) struct Target {
    pub(crate) uri: String,
    pub(crate) database: String,
    client: Client,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Target {
    /// A database of its own on any deployment.
    pub(crate) async fn at(uri: String) -> Self {
        let client = Client::with_uri_str(&uri).await.expect("a client");
        Self { uri, database: unique_database(), client }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conversation-migrator"));
        command.args(arguments).env_clear().env("MONGODB_URI", &self.uri).env("MONGODB_DATABASE", &self.database);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("it starts")
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        run(self.command(arguments)).await
    }

    pub(crate) fn collection(&self, name: &str) -> Collection<Document> {
        self.client.database(&self.database).collection(name)
    }

    pub(crate) async fn run_command(&self, command: Document) {
        self.client.database(&self.database).run_command(command).await.expect("the server does it");
    }

    pub(crate) async fn create_index(&self, collection: &str, name: &str, keys: Document) {
        let index = doc! { "createIndexes": collection, "indexes": [{ "key": keys, "name": name }] };
        self.run_command(index).await;
    }
}

pub(crate) async fn run(mut command: Command) -> Run {
    let ran = tokio::task::spawn_blocking(move || command.output());
    finished(ran.await.expect("no panic").expect("it runs"))
}

pub(crate) fn finished(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { status: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}
