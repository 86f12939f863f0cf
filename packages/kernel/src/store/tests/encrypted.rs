//! Encrypted connections, to a Postgres of the test's own that speaks TLS.
//!
//! It is started with the newest server that is installed; where there is none, the tests say so and pass.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::super::care::{check_postgres, postgres_environment};
use super::super::dial::Dial;
use super::*;
use crate::testing::unique_directory;

/// A server with a certificate for `localhost`; it ends with the test.
pub(super) struct Server {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
}

/// Lets in whom their password proves; `plain` without encryption alone.
const ADMISSION: &str =
    "hostnossl all plain all trust\nhostssl all plain all reject\nhost all all all scram-sha-256\n";

impl Server {
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var("STOA_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.contains("postgres"), "Postgres is required and no server is installed");
            eprintln!("not run over TLS: no Postgres server is installed below /usr/lib/postgresql");
            return None;
        };
        let directory = unique_directory();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, directory, port };
        server.write("password", "open sesame");
        server.certify();
        server.give_to_the_server();
        let data = server.directory.join("data");
        server.run(
            "initdb",
            &[
                "-U",
                "stoa",
                "-A",
                "scram-sha-256",
                "--no-sync",
                "--pwfile",
                server.path("password").as_str(),
                "-D",
                data.to_str().unwrap(),
            ],
        );
        std::fs::write(data.join("pg_hba.conf"), ADMISSION).unwrap();
        let options = format!(
            "-p {port} -k {0} -c listen_addresses=localhost -c fsync=off -c ssl=on -c ssl_cert_file={0}/server.crt -c ssl_key_file={0}/server.key",
            server.directory.display(),
        );
        server.control(&["-w", "-l", &server.path("log"), "-o", &options, "start"]);
        Some(server)
    }

    /// `server.crt` of the authority `ca.crt`; the other two signed nothing.
    fn certify(&self) {
        let authority = |file: &str, name: &str| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            let key = KeyPair::generate().unwrap();
            self.write(file, &params.self_signed(&key).unwrap().pem());
            Issuer::new(params, key)
        };
        authority("other.crt", "Other");
        authority("namesake.crt", "Ours");
        let issuer = authority("ca.crt", "Ours");
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        self.write("server.crt", &params.signed_by(&key, &issuer).unwrap().pem());
        self.write("server.key", &key.serialize_pem());
    }

    /// The server refuses to run as root, and a key that others may read.
    fn give_to_the_server(&self) {
        let key = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.directory.join("server.key"), key).unwrap();
        if is_root() {
            let status = Command::new("chown").args(["-R", "postgres"]).arg(&self.directory).status();
            assert!(status.unwrap().success(), "there is no user `postgres` to run a server as");
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = Command::new(if is_root() { Path::new("runuser") } else { &program });
        if is_root() {
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        let done = command.args(arguments).current_dir("/tmp").stdout(std::process::Stdio::null()).status();
        assert!(done.unwrap().success(), "{} fails", program.display());
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.path("data");
        self.run("pg_ctl", &[&["-D", data.as_str()], arguments].concat());
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.join(name), text).unwrap();
    }

    pub(super) fn url(&self, host: &str, query: &str) -> String {
        format!("postgres://stoa:open%20sesame@{host}:{}/postgres?{query}", self.port)
    }

    /// Whether a connection to this address is encrypted, or why there is none.
    fn is_encrypted(&self, host: &str, query: &str) -> Result<bool, String> {
        encrypted(&self.url(host, query))
    }

    pub(super) fn obey(&self, order: &str) {
        let mut client = Dial::parse(&self.url("localhost", "")).unwrap().connect().unwrap();
        client.execute(order, &[]).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control(&["-m", "immediate", "stop"]);
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let programs = versions.flatten().map(|version| version.path().join("bin"));
    programs.filter(|programs| programs.join("initdb").exists()).max()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn encrypted(url: &str) -> Result<bool, String> {
    let mut client =
        Dial::parse(url).map_err(|error| chain(&error))?.connect().map_err(|error| chain(&error))?;
    let row = client.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]);
    Ok(row.map_err(|error| chain(&error))?.get(0))
}

#[test]
fn a_connection_is_as_encrypted_and_as_certain_of_its_server_as_the_address_asks() {
    let Some(server) = Server::start() else { return };
    let ca = server.path("ca.crt");
    let named = |mode: &str, file: &str| format!("sslmode={mode}&sslrootcert={file}");

    for query in
        ["", "sslmode=prefer", "sslmode=require", &named("verify-ca", &ca), &named("verify-full", &ca)]
    {
        assert_eq!(server.is_encrypted("localhost", query), Ok(true), "{query}");
    }
    assert_eq!(server.is_encrypted("localhost", "sslmode=disable"), Ok(false));
    // The password is bound to the certificate, so nobody in between can pass it on.
    assert_eq!(server.is_encrypted("localhost", "sslmode=require&channel_binding=require"), Ok(true));
    let escaped = ca.replace('/', "%2F");
    assert_eq!(server.is_encrypted("localhost", &named("verify-full", &escaped)), Ok(true));
    let by_number =
        format!("postgres://stoa:open%20sesame@/postgres?hostaddr=127.0.0.1&port={}", server.port);
    assert_eq!(encrypted(&by_number), Ok(true));

    // The certificate is for `localhost` alone.
    for mode in ["prefer", "require", "verify-ca"] {
        assert_eq!(server.is_encrypted("127.0.0.1", &named(mode, &ca)), Ok(true), "{mode}");
    }
    let why = server.is_encrypted("127.0.0.1", &named("verify-full", &ca)).unwrap_err();
    assert!(why.contains("its certificate is not for the name `127.0.0.1`"), "{why}");
    for (mode, file) in
        [("require", "other.crt"), ("verify-ca", "namesake.crt"), ("verify-full", "other.crt")]
    {
        let why = server.is_encrypted("localhost", &named(mode, &server.path(file))).unwrap_err();
        assert!(why.contains("not of an authority that `sslrootcert` names"), "{mode}: {why}");
    }
    for query in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=system"] {
        let why = server.is_encrypted("localhost", query).unwrap_err();
        assert!(why.contains("not of an authority that the web trusts"), "{query}: {why}");
    }
    let checked = check_postgres(&server.url("localhost", &named("verify-full", &ca))).unwrap();
    assert!(checked.ends_with("as stoa"), "{checked}");
}

#[test]
fn a_server_that_shows_its_authority_s_own_certificate_is_refused_in_words() {
    let Some(server) = Server::start() else { return };
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    server.write("server.crt", &params.self_signed(&key).unwrap().pem());
    server.write("server.key", &key.serialize_pem());
    server.control(&["-w", "restart"]);

    let own = server.path("server.crt");
    let why =
        server.is_encrypted("localhost", &format!("sslmode=verify-full&sslrootcert={own}")).unwrap_err();
    assert!(why.contains("let that authority sign one for the server"), "{why}");
    assert_eq!(server.is_encrypted("localhost", "sslmode=require"), Ok(true));
}

#[test]
fn a_server_without_tls_is_used_in_the_open_unless_the_address_requires_it() {
    let Some(server) = Server::start() else { return };
    server.obey("create role plain login");
    let plain =
        |query: &str| encrypted(&format!("postgres://plain@localhost:{}/postgres?{query}", server.port));
    assert_eq!(plain("sslmode=prefer"), Ok(false), "whom the server lets in without encryption alone");
    let why = plain("sslmode=require").unwrap_err();
    assert!(why.contains("pg_hba.conf rejects connection"), "{why}");

    // What the command line said cannot be altered, so the server starts anew without it.
    let options = format!(
        "-p {} -k {} -c listen_addresses=localhost -c fsync=off",
        server.port,
        server.directory.display()
    );
    server.control(&["-w", "-l", &server.path("log"), "-o", &options, "restart"]);
    assert_eq!(server.is_encrypted("localhost", ""), Ok(false));
    for mode in ["require", "verify-full"] {
        let why = server.is_encrypted("localhost", &format!("sslmode={mode}")).unwrap_err();
        assert!(why.contains("server does not support TLS"), "{mode}: {why}");
    }
}

#[test]
fn a_service_keeps_its_data_behind_encrypted_connections() {
    let Some(server) = Server::start() else { return };
    let url = server.url("localhost", &format!("sslmode=verify-full&sslrootcert={}", server.path("ca.crt")));
    let engine = Engine::Postgres { url, connections_max: 2 };
    let store = Store::open("things", engine, MIGRATIONS, surroundings()).unwrap();
    run(async {
        add(&store, mine(), "first").await.unwrap();
        let count = store.read(mine(), |tx| {
            tx.one::<i64>("select count(*) from things where project_id = $1", params![project(1)])
        });
        assert_eq!(count.await.unwrap(), 1);
    });
    drop(store);
}

#[test]
fn what_an_address_says_of_encryption_and_cannot_mean_is_refused() {
    let why = |query: &str| {
        let refused = Dial::parse(&format!("postgres://stoa:a?b@db/stoa?{query}")).map(drop);
        chain(&refused.unwrap_err())
    };
    insta::assert_snapshot!(why("sslmode=verify"), @"the database is not available: there is no sslmode `verify` here; there are: disable, prefer, require, verify-ca, verify-full");
    insta::assert_snapshot!(why("sslmode=allow"), @"the database is not available: there is no sslmode `allow` here; there are: disable, prefer, require, verify-ca, verify-full");
    insta::assert_snapshot!(why("sslmode=verify-ca"), @"the database is not available: sslmode=verify-ca needs sslrootcert: anybody has a certificate of the web's authorities; name the file of yours, or use verify-full");
    insta::assert_snapshot!(why("sslmode=require&sslrootcert=system"), @"the database is not available: sslrootcert=system needs sslmode=verify-full");
    insta::assert_snapshot!(why("sslmode=verify-full&sslrootcert=/no/such.crt"), @"the database is not available: /no/such.crt cannot be read: No such file or directory (os error 2)");
    insta::assert_snapshot!(why("sslcert=/my.crt"), @"the database is not available: invalid connection string: unknown option `sslcert`");
}

#[test]
fn the_tools_of_postgres_are_told_the_same_of_encryption() {
    let told = |query: &str| -> Vec<String> {
        let told = postgres_environment(&format!("postgres://stoa:pw@db:6432/shop?{query}")).unwrap();
        let told = told.into_iter().filter(|(name, _)| name.starts_with("PGSSL"));
        told.map(|(name, value)| format!("{name}={value}")).collect()
    };
    assert_eq!(told("application_name=x"), ["PGSSLMODE=prefer"]);
    assert_eq!(told("sslmode=disable"), ["PGSSLMODE=disable"]);
    assert_eq!(told("sslmode=verify-full"), ["PGSSLMODE=verify-full", "PGSSLROOTCERT=system"]);
}
