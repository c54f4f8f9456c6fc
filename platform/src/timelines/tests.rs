#![allow(clippy::unwrap_used, clippy::expect_used)]

mod reading;

use std::collections::{BTreeSet, HashMap};

use fred::prelude::{Client, ClientLike, KeysInterface, ListInterface};
use fred::types::{ClusterHash, CustomCommand};
use fred::util::redis_keyslot;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::redis::tests::{relay, server};

/// Small, so that trimming happens all the time.
const WINDOW: usize = 20;

fn post(number: u16) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(1_000 + u64::from(number), &[7; 10]).into_uuid()
}

fn account(number: u8) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

async fn forms() -> Vec<Timelines> {
    let mut forms = vec![Timelines::Local(local::LocalTimelines::new(WINDOW, 1000))];
    if let Some((config, redis)) = server(&[("DARKROOM_FEED_WINDOW", "20")]).await {
        forms.push(Timelines::new(&config, Some(&redis)).unwrap());
    }
    forms
}

/// One call of one of four accounts.
#[derive(Debug, Clone)]
enum Step {
    Push {
        accounts: Vec<u8>,
        post: u16,
    },
    Mark {
        accounts: Vec<u8>,
        author: u8,
    },
    Begin {
        account: u8,
        epoch: i64,
    },
    /// With the `back`-th last token that was given out for the account.
    Finish {
        account: u8,
        back: usize,
        posts: Vec<u16>,
        pulled: Vec<u8>,
    },
    Revise {
        account: u8,
        from: i64,
        to: i64,
        remove: Vec<u16>,
        add: Vec<u16>,
        mark: Option<u8>,
        unmark: Option<u8>,
    },
    Read {
        account: u8,
        epoch: i64,
    },
    Forget {
        account: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let account = 0..4_u8;
    let author = 0..3_u8;
    let post = 0..60_u16;
    let epoch = 0..2_i64;
    let some = |most| prop::collection::vec(post.clone(), 0..most);
    let marks = (prop::option::weighted(0.2, author.clone()), prop::option::weighted(0.2, author.clone()));
    prop_oneof![
        12 => (prop::collection::vec(account.clone(), 0..5), post.clone())
            .prop_map(|(accounts, post)| Step::Push { accounts, post }),
        1 => (prop::collection::vec(account.clone(), 0..5), author.clone())
            .prop_map(|(accounts, author)| Step::Mark { accounts, author }),
        2 => (account.clone(), epoch.clone()).prop_map(|(account, epoch)| Step::Begin { account, epoch }),
        3 => (
            account.clone(),
            prop_oneof![4 => Just(0_usize), 1 => 1..3_usize],
            some(40),
            prop::collection::vec(author, 0..3)
        )
            .prop_map(|(account, back, posts, pulled)| Step::Finish { account, back, posts, pulled }),
        2 => (account.clone(), epoch.clone(), epoch.clone(), some(5), some(30), marks).prop_map(
            |(account, from, to, remove, add, (mark, unmark))| {
                Step::Revise { account, from, to, remove, add, mark, unmark }
            }
        ),
        3 => (account.clone(), epoch).prop_map(|(account, epoch)| Step::Read { account, epoch }),
        1 => account.prop_map(|account| Step::Forget { account }),
    ]
}

/// What was put into a timeline, and what its source left out: what the module's documentation promises follows from that.
#[derive(Default)]
struct Put {
    complete: bool,
    ids: BTreeSet<Uuid>,
    /// How many, those that came twice counted twice.
    arrivals: usize,
    /// Of a source that was cut, the oldest id that it gave.
    cut: Option<Uuid>,
    pulled: BTreeSet<Uuid>,
}

impl Put {
    fn push(&mut self, post: Uuid) {
        self.ids.insert(post);
        self.arrivals += 1;
    }

    fn add(&mut self, posts: &[Uuid]) {
        posts.iter().for_each(|post| self.push(*post));
        if posts.len() >= WINDOW {
            self.cut = self.cut.max(posts.iter().min().copied());
        }
    }

    fn check(&self, window: &Window) -> Result<(), TestCaseError> {
        prop_assert!(window.ids.len() <= WINDOW);
        prop_assert!(window.ids.is_sorted_by(|a, b| a > b), "in order, each once");
        let end = window.end.unwrap_or_default();
        let expected: Vec<Uuid> = self.ids.iter().rev().copied().filter(|id| *id >= end).collect();
        prop_assert_eq!(&window.ids, &expected, "everything at its end and above");
        prop_assert!(end >= self.cut.unwrap_or_default(), "what its source left out is not claimed");
        prop_assert!(window.end.is_none() || self.cut.is_some() || self.arrivals > WINDOW, "nothing is dropped early");
        prop_assert_eq!(&window.pulled, &self.pulled.iter().copied().collect::<Vec<_>>());
        Ok(())
    }
}

/// The timelines as plainly as they can be written.
#[derive(Default)]
struct Model {
    timelines: HashMap<u8, (BuildToken, Put)>,
}

impl Model {
    fn complete(&mut self, account: u8, epoch: i64) -> Option<(&mut BuildToken, &mut Put)> {
        let (token, put) = self.timelines.get_mut(&account)?;
        (put.complete && token.epoch == epoch).then_some((token, put))
    }

    fn check(&mut self, account: u8, epoch: i64, window: Option<&Window>) -> Result<(), TestCaseError> {
        let timeline = self.complete(account, epoch);
        prop_assert_eq!(timeline.is_some(), window.is_some());
        match (timeline, window) {
            (Some((_, put)), Some(window)) => put.check(window),
            _ => Ok(()),
        }
    }
}

async fn check(timelines: &Timelines, steps: &[Step]) -> Result<(), TestCaseError> {
    // Accounts of this run alone: runs share the store.
    let salt = Uuid::new_v4().as_u128() & !0xff;
    let real = |number: u8| Uuid::from_u128(salt | u128::from(number));
    let mut model = Model::default();
    let mut tokens: HashMap<u8, Vec<BuildToken>> = HashMap::new();
    let posts = |numbers: &[u16]| numbers.iter().map(|number| post(*number)).collect::<Vec<Uuid>>();
    for step in steps {
        match step {
            Step::Push { accounts, post: number } => {
                let all: Vec<Uuid> = accounts.iter().map(|account| real(*account)).collect();
                timelines.push(&all, post(*number)).await.unwrap();
                for account in accounts {
                    model.timelines.get_mut(account).into_iter().for_each(|(_, put)| put.push(post(*number)));
                }
            }
            Step::Mark { accounts, author } => {
                let all: Vec<Uuid> = accounts.iter().map(|account| real(*account)).collect();
                timelines.mark(&all, account(*author)).await.unwrap();
                for number in accounts {
                    if let Some((_, put)) = model.timelines.get_mut(number) {
                        // An entry as any other, as far as the list's length goes.
                        put.arrivals += 1;
                        put.pulled.insert(account(*author));
                    }
                }
            }
            Step::Begin { account, epoch } => {
                let token = timelines.begin(real(*account), *epoch).await.unwrap();
                model.timelines.insert(*account, (token, Put::default()));
                tokens.entry(*account).or_default().push(token);
            }
            Step::Finish { account: number, back, posts: ids, pulled } => {
                let given = tokens.get(number).map(Vec::as_slice).unwrap_or_default();
                let Some(token) = given.iter().rev().nth(*back).copied() else { continue };
                let pulled: Vec<Uuid> = pulled.iter().map(|author| account(*author)).collect();
                let done = timelines.finish(real(*number), &token, &posts(ids), &pulled).await.unwrap();
                match model.timelines.get_mut(number) {
                    Some((current, put)) if *current == token && !put.complete => {
                        prop_assert!(done);
                        put.complete = true;
                        put.add(&posts(ids));
                        put.pulled.extend(pulled);
                    }
                    _ => prop_assert!(!done),
                }
            }
            Step::Revise { account: number, from, to, remove, add, mark, unmark } => {
                let revision = Revision {
                    from: *from,
                    to: *to,
                    remove: posts(remove),
                    add: posts(add),
                    mark: mark.map(account),
                    unmark: unmark.map(account),
                };
                let done = timelines.revise(real(*number), &revision).await.unwrap();
                let timeline = model.complete(*number, *from);
                prop_assert_eq!(done, timeline.is_some());
                if let Some((token, put)) = timeline {
                    token.epoch = *to;
                    put.ids.retain(|id| !revision.remove.contains(id));
                    put.pulled.retain(|author| Some(*author) != revision.unmark);
                    put.pulled.extend(revision.mark);
                    put.add(&revision.add);
                }
            }
            Step::Read { account, epoch } => {
                let window = timelines.read(real(*account), *epoch).await.unwrap();
                model.check(*account, *epoch, window.as_ref())?;
            }
            Step::Forget { account } => {
                timelines.forget(real(*account)).await.unwrap();
                model.timelines.remove(account);
            }
        }
    }
    for account in 0..4 {
        for epoch in 0..2 {
            let window = timelines.read(real(account), epoch).await.unwrap();
            prop_assert_eq!(timelines.stands(real(account), epoch).await.unwrap(), window.is_some());
            prop_assert_eq!(&timelines.peek(real(account), epoch).await.unwrap(), &window);
            model.check(account, epoch, window.as_ref())?;
        }
    }
    Ok(())
}

#[test]
fn behaves_as_the_model_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for timelines in runtime.block_on(forms()) {
        let cases = if matches!(timelines, Timelines::Local(_)) { 500 } else { 60 };
        let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..Default::default() });
        let steps = prop::collection::vec(step(), 1..60);
        runner.run(&steps, |steps| runtime.block_on(check(&timelines, &steps))).unwrap();
    }
}

#[tokio::test]
async fn an_account_is_built_once_and_then_pushed_to() {
    for timelines in forms().await {
        let me = account(1);
        timelines.push(&[me], post(1)).await.unwrap();
        assert_eq!(timelines.read(me, 0).await.unwrap(), None, "a push makes no timeline");
        let token = timelines.begin(me, 0).await.unwrap();
        timelines.push(&[me, account(2)], post(5)).await.unwrap();
        assert_eq!(timelines.read(me, 0).await.unwrap(), None, "building is not complete");
        assert!(timelines.finish(me, &token, &[post(3), post(1)], &[]).await.unwrap());
        timelines.push(&[me], post(4)).await.unwrap();
        timelines.push(&[me], post(4)).await.unwrap();
        let window = timelines.read(me, 0).await.unwrap().unwrap();
        let ids = vec![post(5), post(4), post(3), post(1)];
        assert_eq!(window, Window { ids, end: None, pulled: Vec::new() });
        assert_eq!(timelines.read(me, 1).await.unwrap(), None, "another epoch");
        assert!(!timelines.finish(me, &token, &[], &[]).await.unwrap(), "a token is good for once");
        assert_eq!(timelines.read(account(2), 0).await.unwrap(), None);
        timelines.ping().await.unwrap();
        timelines.forget(me).await.unwrap();
        assert_eq!(timelines.read(me, 0).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_fan_out_of_thousands_reaches_all_of_them() {
    for timelines in forms().await {
        let accounts: Vec<Uuid> = (0..1_000).map(|_| Uuid::new_v4()).collect();
        for account in accounts.iter().take(900) {
            let token = timelines.begin(*account, 3).await.unwrap();
            assert!(timelines.finish(*account, &token, &[], &[]).await.unwrap());
        }
        timelines.push(&accounts, post(9)).await.unwrap();
        for (number, account) in accounts.iter().enumerate() {
            let ids = timelines.read(*account, 3).await.unwrap().map(|window| window.ids);
            assert_eq!(ids, (number < 900).then(|| vec![post(9)]));
        }
    }
}

#[tokio::test]
async fn a_timeline_keeps_its_window_however_much_is_pushed() {
    for timelines in forms().await {
        let me = account(1);
        let token = timelines.begin(me, 0).await.unwrap();
        assert!(timelines.finish(me, &token, &[], &[]).await.unwrap());
        timelines.mark(&[me], account(9)).await.unwrap();
        for number in 0..200 {
            timelines.push(&[me], post(number)).await.unwrap();
            let window = timelines.read(me, 0).await.unwrap().unwrap();
            let least = number.saturating_sub(WINDOW as u16 - 1);
            let newest: Vec<Uuid> = (least..=number).rev().map(post).collect();
            assert_eq!(window.ids, newest);
            assert_eq!(window.pulled, [account(9)], "a mark outlives every cut");
        }
    }
}

/// Of those who are pushed to at once each has become long at another moment: the one that has is packed, and not its neighbour.
#[tokio::test]
async fn lists_stay_short_beside_others() {
    let Some((config, redis)) = server(&[("DARKROOM_FEED_WINDOW", "20")]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let accounts: Vec<Uuid> = (0..7).map(account).collect();
    for (late, account) in accounts.iter().enumerate().filter(|(at, _)| at % 3 != 1) {
        let token = timelines.begin(*account, 0).await.unwrap();
        assert!(timelines.finish(*account, &token, &[], &[]).await.unwrap());
        for number in 0..late as u16 {
            timelines.push(&[*account], post(number)).await.unwrap();
        }
    }
    for number in 10..210 {
        timelines.push(&accounts, post(number)).await.unwrap();
        for (at, account) in accounts.iter().enumerate() {
            let key = redis.key("tl", &account.simple().to_string());
            let length = |client: Client| {
                let key = key.clone();
                async move { client.llen::<usize, _>(key).await }
            };
            let length = redis.call(length).await.unwrap();
            // Blocks and a header, and 32 that have arrived.
            assert!(if at % 3 == 1 { length == 0 } else { (1..=36).contains(&length) }, "{at}: {length}");
        }
    }
}

#[tokio::test]
async fn a_revision_loses_nothing_that_is_pushed_meanwhile() {
    for timelines in forms().await {
        let me = account(1);
        let token = timelines.begin(me, 0).await.unwrap();
        assert!(timelines.finish(me, &token, &[], &[]).await.unwrap());
        let pushing = async {
            for number in 100..200 {
                timelines.push(&[me], post(number)).await.unwrap();
            }
        };
        let revising = async {
            for epoch in 0..20 {
                let add = vec![post(2 * epoch as u16)];
                let revision = Revision { from: epoch, to: epoch + 1, add, ..Revision::default() };
                // The one thing that may come between is a cut, which changes the header.
                while !timelines.revise(me, &revision).await.unwrap() {}
            }
        };
        tokio::join!(pushing, revising);
        let window = timelines.read(me, 20).await.unwrap().unwrap();
        assert_eq!(window.ids, (180..200).rev().map(post).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_many_read_is_read_again_exactly_when_it_has_changed() {
    for timelines in forms().await {
        let lists = [1, 2].map(|number| of_author(account(number)));
        let read = async || {
            let windows = timelines.read_shared(&lists).await.unwrap();
            windows.into_iter().map(|window| window.map(|window| window.ids.clone())).collect::<Vec<_>>()
        };
        assert_eq!(read().await, [None, None]);
        for _ in 0..2 {
            for list in lists {
                let token = timelines.begin(list, 0).await.unwrap();
                assert!(timelines.finish(list, &token, &[post(1)], &[]).await.unwrap());
            }
            assert_eq!(read().await, [Some(vec![post(1)]), Some(vec![post(1)])]);
            timelines.push(&lists[..1], post(2)).await.unwrap();
            assert_eq!(read().await, [Some(vec![post(2), post(1)]), Some(vec![post(1)])]);
            timelines.forget(lists[1]).await.unwrap();
            assert_eq!(read().await, [Some(vec![post(2), post(1)]), None]);
            let token = timelines.begin(lists[1], 0).await.unwrap();
            assert_eq!(read().await[1], None);
            assert!(timelines.finish(lists[1], &token, &[post(3)], &[]).await.unwrap());
            assert_eq!(read().await[1], Some(vec![post(3)]), "as long as before, and another");
        }
    }
}

#[tokio::test]
async fn an_entry_takes_no_more_than_24_bytes() {
    let Some((config, redis)) = server(&[]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let me = account(1);
    let token = timelines.begin(me, 0).await.unwrap();
    assert!(timelines.finish(me, &token, &(0..800).map(post).collect::<Vec<_>>(), &[]).await.unwrap());
    for more in 0..=100 {
        if more > 0 {
            timelines.push(&[me], post(800 + more)).await.unwrap();
        }
        let key = redis.key("tl", &me.simple().to_string());
        let usage = &CustomCommand::new_static("MEMORY", ClusterHash::Custom(redis_keyslot(key.as_bytes())), false);
        let words = &["USAGE", key.as_str(), "SAMPLES", "0"].map(str::to_owned).to_vec();
        let ask = |client: Client| async move { client.custom(usage.clone(), words.clone()).await };
        let bytes: u64 = redis.call(ask).await.unwrap();
        let each = bytes as f64 / f64::from(800 + more);
        assert!(each <= 24.0, "{each} bytes an entry of {}", 800 + more);
        if more % 50 == 0 {
            println!("{each:.2} bytes an entry of {}", 800 + more);
        }
    }
}

#[test]
fn an_authors_timeline_is_nobodys() {
    let clock = crate::clock::Clock::system();
    let (author, other) = (clock.new_id(), clock.new_id());
    assert_eq!((author.get_version_num(), of_author(author).get_version_num()), (7, 8));
    assert_ne!(of_author(author), of_author(other));
}

#[tokio::test]
async fn local_timelines_are_bounded_and_the_newest_stays() {
    let timelines = Timelines::Local(local::LocalTimelines::new(WINDOW, 10));
    for number in 0..100 {
        let token = timelines.begin(account(number), 0).await.unwrap();
        assert!(
            timelines.finish(account(number), &token, &[post(1)], &[]).await.unwrap(),
            "a newcomer is never turned away"
        );
    }
    let Timelines::Local(local) = &timelines else { unreachable!() };
    assert!(local.held() <= 10, "{}", local.held());
    assert!(timelines.read(account(99), 0).await.unwrap().is_some());
}

/// Packing replaces every element of a list, which Redis forgets the time to live of when it is empty for a moment.
#[tokio::test]
async fn a_list_that_is_packed_anew_is_short_and_lives_no_longer() {
    let Some((config, redis)) = server(&[]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let me = account(1);
    let token = timelines.begin(me, 0).await.unwrap();
    assert!(timelines.finish(me, &token, &(0..800).map(post).collect::<Vec<_>>(), &[]).await.unwrap());
    let key = redis.key("tl", &me.simple().to_string());
    let look = async || {
        let key = key.as_str();
        let length: i64 = redis.call(|client| async move { client.llen(key).await }).await.unwrap();
        let ttl: i64 = redis.call(|client| async move { client.ttl(key).await }).await.unwrap();
        (length, ttl)
    };
    let packed = look().await;
    assert!(packed.0 == 14 && packed.1 > 0, "13 blocks and a header, for some days: {packed:?}");
    let mut longest = 0;
    for more in 0..300 {
        timelines.push(&[me], post(800 + more)).await.unwrap();
        let (length, ttl) = look().await;
        assert!(ttl > 0 && ttl <= packed.1, "it would never end: {ttl}");
        longest = longest.max(length);
    }
    assert!((100..=114).contains(&longest), "{longest} elements");
    let window = timelines.read(me, 0).await.unwrap().unwrap();
    assert_eq!(window.ids[..800], (300..1100).rev().map(post).collect::<Vec<_>>());
}

#[tokio::test]
async fn redis_may_lose_its_scripts_and_its_keys() {
    let Some((config, redis)) = server(&[("DARKROOM_FEED_WINDOW", "20")]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let me = account(1);
    let key = &redis.key("tl", &me.simple().to_string());
    // On the node that has the timeline.
    let flush = &CustomCommand::new_static("SCRIPT", ClusterHash::Custom(redis_keyslot(key.as_bytes())), false);
    // Again and again, so that some losses fall between an attempt and its repetition.
    let losing = async {
        loop {
            let flush =
                |client: Client| async move { client.custom::<(), _>(flush.clone(), vec!["FLUSH".to_owned()]).await };
            redis.call(flush).await.unwrap();
        }
    };
    let working = async {
        for number in 0..100 {
            let token = timelines.begin(me, 0).await.unwrap();
            timelines.push(&[me], post(number)).await.unwrap();
            assert!(timelines.finish(me, &token, &[], &[]).await.unwrap());
            assert_eq!(timelines.read(me, 0).await.unwrap().unwrap().ids, [post(number)]);
        }
    };
    tokio::select! {
        () = losing => unreachable!(),
        () = working => {}
    }
    let ttl: i64 = redis.call(|client| async move { client.ttl(key.as_str()).await }).await.unwrap();
    assert!((6 * 86_400..=7 * 86_400).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn processes_with_other_windows_do_not_trim_one_another() {
    let Some((small, redis)) = server(&[("DARKROOM_FEED_WINDOW", "20")]).await else { return };
    let large = {
        let prefix = small.redis.key_prefix.clone();
        let (config, redis) =
            server(&[("DARKROOM_FEED_WINDOW", "40"), ("DARKROOM_REDIS_KEY_PREFIX", &prefix)]).await.unwrap();
        Timelines::new(&config, Some(&redis)).unwrap()
    };
    let small = Timelines::new(&small, Some(&redis)).unwrap();
    let me = account(1);
    let posts: Vec<Uuid> = (0..30).map(post).collect();
    let token = large.begin(me, 0).await.unwrap();
    assert!(large.finish(me, &token, &posts, &[]).await.unwrap());
    small.push(&[me], post(30)).await.unwrap();
    let window = large.read(me, 0).await.unwrap().unwrap();
    assert_eq!((window.ids.len(), window.end), (31, None));
    assert_eq!(small.read(me, 0).await.unwrap(), None);
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_no_empty_timeline() {
    let Some(relay) = relay().await else { return };
    let (config, redis) = server(&[("DARKROOM_REDIS_URL", &relay.url())]).await.unwrap();
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let token = timelines.begin(account(1), 0).await.unwrap();
    relay.cut();
    assert!(timelines.finish(account(1), &token, &[], &[]).await.is_err());
    assert!(timelines.read(account(1), 0).await.is_err());
    assert!(timelines.push(&[account(1)], post(1)).await.is_err());
    assert!(timelines.ping().await.is_err());
}
