//! A master and its replica, watched by a sentinel that puts one in the place of the other.

use std::net::SocketAddr;

use super::reply::{self, Reply};
use super::{RedisServer, program};
use crate::process::{Folder, PATIENCE, Process, command, free_address, until};

/// What the sentinel calls them.
const NAME: &str = "darkroom";

/// Two servers and their sentinel.
pub struct WatchedRedis {
    servers: [RedisServer; 2],
    sentinel: SocketAddr,
    /// Ended before its folder goes.
    _process: Process,
    _folder: Folder,
}

impl WatchedRedis {
    /// Starts them, and waits until the sentinel knows the replica and would choose it.
    pub async fn start() -> Self {
        let options = ["--repl-diskless-sync-delay", "0"];
        let master = RedisServer::start_at(free_address(), &options).await;
        let port = master.address().port().to_string();
        let options = [options.as_slice(), &["--replicaof", "127.0.0.1", &port]].concat();
        let replica = RedisServer::start_at(free_address(), &options).await;
        in_step(&master, &replica).await;

        let (sentinel, folder) = (free_address(), Folder::new());
        // It writes into its file what it has found out.
        let settings = format!(
            "bind 127.0.0.1\nport {}\nsentinel monitor {NAME} 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 3000\n",
            sentinel.port()
        );
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, settings).unwrap();
        let mut command = command(&program(), folder.path(), &[]);
        command.arg(&file).arg("--sentinel");
        let watched = Self { servers: [master, replica], sentinel, _process: Process::start(command), _folder: folder };
        until("the sentinel knows both", PATIENCE, async || {
            let replicas = watched.ask(&["SENTINEL", "REPLICAS", NAME]);
            matches!(replicas, Some(Reply::List(replicas)) if replicas.len() == 1)
        })
        .await;
        watched
    }

    /// How to reach them.
    pub fn url(&self) -> String {
        format!("redis-sentinel://{}?sentinelServiceName={NAME}", self.sentinel)
    }

    /// Which of them the sentinel says is the master.
    fn master(&self) -> usize {
        let address = self.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).unwrap().texts();
        let port = |server: &RedisServer| server.address().port().to_string();
        self.servers.iter().position(|server| port(server) == address[1]).unwrap()
    }

    /// Keeps from the replica whatever the master does from now on.
    pub async fn fall_behind(&self) {
        let master = self.master();
        in_step(&self.servers[master], &self.servers[1 - master]).await;
        self.servers[1 - master].pause();
        // What had been sent would still be read.
        let cut = self.servers[master].ask(&["CLIENT", "KILL", "TYPE", "replica"]);
        assert_eq!(cut, Reply::Number(1));
    }

    /// Ends the master at once, and lets the replica go on after [`WatchedRedis::fall_behind`]. Gives the replica, which will
    /// be the master.
    pub fn lose_master(&mut self) -> usize {
        let lost = self.master();
        self.servers[lost].kill();
        self.servers[1 - lost].resume();
        1 - lost
    }

    /// Waits until this one is the master, by its own account and the sentinel's.
    pub async fn promotes(&self, at: usize) {
        until("the replica takes the master's place", PATIENCE, async || {
            let role = self.servers[at].ask(&["INFO", "replication"]).field("role");
            role.as_deref() == Some("master") && self.master() == at
        })
        .await;
    }

    fn ask(&self, words: &[&str]) -> Option<Reply> {
        reply::ask(self.sentinel, words).ok()
    }
}

async fn in_step(master: &RedisServer, replica: &RedisServer) {
    until("the replica is in step", PATIENCE, async || {
        // The replica is asked second: what it has is counted against what there was.
        let wanted = master.ask(&["INFO", "replication"]).field("master_repl_offset");
        let has = replica.ask(&["INFO", "replication"]);
        let number = |offset: Option<String>| offset.and_then(|offset| offset.parse::<i64>().ok());
        has.field("master_link_status").as_deref() == Some("up")
            && number(has.field("slave_repl_offset")) >= number(wanted)
    })
    .await;
}
