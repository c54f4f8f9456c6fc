//! A cluster of masters without replicas, whose slots and nodes a test moves and takes away.

use std::net::{SocketAddr, TcpListener};

use super::{RedisServer, Reply};
use crate::process::{PATIENCE, until};

/// Slots of every cluster.
const SLOTS: u16 = 16_384;

/// Nodes talk to one another on a port that is so much higher than the one for clients.
const BUS: u16 = 10_000;

/// Keys that travel in one command.
const TOGETHER: &str = "100";

/// Masters that share the slots.
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
    /// Which of them has each slot.
    owners: Vec<usize>,
}

impl RedisCluster {
    /// Starts a node for each of these shares, with so many of the 16,384 slots, and waits until they agree.
    pub async fn start(shares: &[u16]) -> Self {
        let (mut nodes, mut owners) = (Vec::new(), Vec::new());
        for (at, share) in shares.iter().enumerate() {
            let options =
                ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout", "5000"];
            nodes.push(RedisServer::start_at(free_pair(), &options).await);
            owners.extend(std::iter::repeat_n(at, usize::from(*share)));
        }
        assert_eq!(owners.len(), usize::from(SLOTS), "each slot belongs to a node");
        for (at, node) in nodes.iter().enumerate() {
            let slots: Vec<String> = owners
                .iter()
                .enumerate()
                .filter(|(_, owner)| **owner == at)
                .map(|(slot, _)| slot.to_string())
                .collect();
            let mut words = vec!["CLUSTER", "ADDSLOTS"];
            words.extend(slots.iter().map(String::as_str));
            node.order(&words);
            // Of two nodes with one epoch the cluster would have to choose.
            node.order(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
        }
        for node in &nodes[1..] {
            nodes[0].order(&["CLUSTER", "MEET", "127.0.0.1", &node.address().port().to_string()]);
        }
        let cluster = Self { nodes, owners };
        cluster.agrees().await;
        cluster
    }

    /// Waits until every node knows all others and says that the cluster works.
    async fn agrees(&self) {
        until("the cluster agrees", PATIENCE, async || {
            self.nodes.iter().all(|node| {
                let (info, slots) = (node.ask(&["CLUSTER", "INFO"]), node.ask(&["CLUSTER", "SLOTS"]));
                let known = info.field("cluster_known_nodes") == Some(self.nodes.len().to_string());
                let served = info.field("cluster_slots_ok") == Some(SLOTS.to_string());
                let whole = matches!(slots, Reply::List(slots) if slots.len() >= self.nodes.len());
                known && served && whole && info.field("cluster_state").as_deref() == Some("ok")
            })
        })
        .await;
    }

    /// How to reach it.
    pub fn url(&self) -> String {
        let others: Vec<String> = self.nodes[1..].iter().map(|node| format!("node={}", node.address())).collect();
        format!("redis-cluster://{}?{}", self.nodes[0].address(), others.join("&"))
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// What one of them answers.
    pub fn ask(&self, at: usize, words: &[&str]) -> Reply {
        self.nodes[at].ask(words)
    }

    /// Ends one of them at once; what it held is lost, but not which slots it has.
    pub fn kill(&mut self, at: usize) {
        self.nodes[at].kill();
    }

    /// Starts it again, empty, and waits until the cluster works.
    pub async fn restart(&mut self, at: usize) {
        self.nodes[at].restart().await;
        self.agrees().await;
    }

    /// Which slot a key is in.
    pub fn slot(&self, key: &str) -> u16 {
        match self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key]) {
            Reply::Number(slot) => slot.try_into().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Which node has a slot.
    pub fn owner(&self, slot: u16) -> usize {
        self.owners[usize::from(slot)]
    }

    /// The keys of one node that match a pattern.
    pub fn keys(&self, at: usize, pattern: &str) -> Vec<String> {
        self.nodes[at].ask(&["KEYS", pattern]).texts()
    }

    /// Begins to move a slot: what is in it now is at its new node, which it does not belong to yet. Whoever asks for one of its
    /// keys is told so by ASK.
    pub fn begin_move(&self, slot: u16, to: usize) {
        let (from, name) = (self.owner(slot), slot.to_string());
        assert_ne!(from, to, "slot {slot}");
        self.nodes[to].order(&["CLUSTER", "SETSLOT", &name, "IMPORTING", &self.id(from)]);
        self.nodes[from].order(&["CLUSTER", "SETSLOT", &name, "MIGRATING", &self.id(to)]);
        self.carry(slot, to);
    }

    /// Ends what [`RedisCluster::begin_move`] began: whoever asks the old node is told by MOVED.
    pub fn end_move(&mut self, slot: u16, to: usize) {
        let from = self.owner(slot);
        self.carry(slot, to);
        let (name, id) = (slot.to_string(), self.id(to));
        self.nodes[to].order(&["CLUSTER", "SETSLOT", &name, "NODE", &id]);
        let others = (0..self.size()).filter(|at| *at != to && *at != from);
        for at in std::iter::once(from).chain(others) {
            let answer = self.nodes[at].ask(&["CLUSTER", "SETSLOT", &name, "NODE", &id]);
            // A node without slots follows another, and has heard of this one.
            let follows = matches!(&answer, Reply::Refused(why) if why.contains("only with masters"));
            assert!(follows || answer == Reply::Text("OK".to_owned()), "slot {slot} at node {at}: {answer:?}");
        }
        self.owners[usize::from(slot)] = to;
    }

    /// Moves each slot of a node that has a key in it. Says how many.
    pub fn move_all(&mut self, from: usize, to: usize) -> usize {
        let mut slots: Vec<u16> = self.keys(from, "*").iter().map(|key| self.slot(key)).collect();
        slots.sort_unstable();
        slots.dedup();
        for slot in &slots {
            self.begin_move(*slot, to);
            self.end_move(*slot, to);
        }
        slots.len()
    }

    fn carry(&self, slot: u16, to: usize) {
        let (from, target, name) = (&self.nodes[self.owner(slot)], self.nodes[to].address(), slot.to_string());
        loop {
            let keys = from.ask(&["CLUSTER", "GETKEYSINSLOT", &name, TOGETHER]).texts();
            if keys.is_empty() {
                return;
            }
            let (host, port) = (target.ip().to_string(), target.port().to_string());
            let mut words = vec!["MIGRATE", &host, &port, "", "0", "5000", "KEYS"];
            words.extend(keys.iter().map(String::as_str));
            // They may have expired in between: then there is no key.
            assert!(matches!(from.ask(&words).text().as_str(), "OK" | "NOKEY"), "{words:?}");
        }
    }

    fn id(&self, at: usize) -> String {
        self.nodes[at].ask(&["CLUSTER", "MYID"]).text()
    }
}

/// An address of this machine whose port and whose port for other nodes are free, and below those that the kernel gives away.
fn free_pair() -> SocketAddr {
    let random = || 10_000 + (uuid::Uuid::new_v4().as_u128() % 10_000) as u16;
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let port = std::iter::repeat_with(random).take(100).find(|port| free(*port) && free(*port + BUS));
    SocketAddr::from(([127, 0, 0, 1], port.expect("a free pair of ports")))
}
