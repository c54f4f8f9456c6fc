#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeSet, HashMap};

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
    Begin {
        account: u8,
        epoch: i64,
    },
    /// With the `back`-th last token that was given out for the account.
    Finish {
        account: u8,
        back: usize,
        posts: Vec<u16>,
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
    let post = 0..60_u16;
    let epoch = 0..2_i64;
    prop_oneof![
        6 => (prop::collection::vec(account.clone(), 0..5), post.clone())
            .prop_map(|(accounts, post)| Step::Push { accounts, post }),
        2 => (account.clone(), epoch.clone()).prop_map(|(account, epoch)| Step::Begin { account, epoch }),
        3 => (account.clone(), prop_oneof![4 => Just(0_usize), 1 => 1..3_usize], prop::collection::vec(post, 0..40))
            .prop_map(|(account, back, posts)| Step::Finish { account, back, posts }),
        3 => (account.clone(), epoch).prop_map(|(account, epoch)| Step::Read { account, epoch }),
        1 => account.prop_map(|account| Step::Forget { account }),
    ]
}

/// What the module's documentation says, as plainly as it can be written.
#[derive(Default)]
struct Model {
    timelines: HashMap<u8, (BuildToken, bool, BTreeSet<Uuid>)>,
}

impl Model {
    fn trim(ids: &mut BTreeSet<Uuid>) {
        while ids.len() > WINDOW {
            ids.pop_first();
        }
    }

    fn push(&mut self, account: u8, post: Uuid) {
        if let Some((_, _, ids)) = self.timelines.get_mut(&account) {
            ids.insert(post);
            Self::trim(ids);
        }
    }

    fn finish(&mut self, account: u8, token: BuildToken, posts: &[Uuid]) -> bool {
        match self.timelines.get_mut(&account) {
            Some((current, complete, ids)) if *current == token && !*complete => {
                *complete = true;
                ids.extend(posts);
                Self::trim(ids);
                true
            }
            _ => false,
        }
    }

    fn read(&self, account: u8, epoch: i64) -> Option<Window> {
        let (token, complete, ids) = self.timelines.get(&account)?;
        (*complete && token.epoch == epoch)
            .then(|| Window { ids: ids.iter().rev().copied().collect(), full: ids.len() == WINDOW })
    }
}

async fn check(timelines: &Timelines, steps: &[Step]) -> Result<(), TestCaseError> {
    // Accounts of this run alone: runs share the store.
    let salt = Uuid::new_v4().as_u128() & !0xff;
    let real = |number: u8| Uuid::from_u128(salt | u128::from(number));
    let mut model = Model::default();
    let mut tokens: HashMap<u8, Vec<BuildToken>> = HashMap::new();
    for step in steps {
        match step {
            Step::Push { accounts, post: number } => {
                let all: Vec<Uuid> = accounts.iter().map(|account| real(*account)).collect();
                timelines.push(&all, post(*number)).await.unwrap();
                accounts.iter().for_each(|account| model.push(*account, post(*number)));
            }
            Step::Begin { account, epoch } => {
                let token = timelines.begin(real(*account), *epoch).await.unwrap();
                model.timelines.insert(*account, (token, false, BTreeSet::new()));
                tokens.entry(*account).or_default().push(token);
            }
            Step::Finish { account, back, posts } => {
                let given = tokens.get(account).map(Vec::as_slice).unwrap_or_default();
                let Some(token) = given.iter().rev().nth(*back).copied() else { continue };
                let posts: Vec<Uuid> = posts.iter().map(|number| post(*number)).collect();
                let done = timelines.finish(real(*account), &token, &posts).await.unwrap();
                prop_assert_eq!(done, model.finish(*account, token, &posts));
            }
            Step::Read { account, epoch } => {
                prop_assert_eq!(timelines.read(real(*account), *epoch).await.unwrap(), model.read(*account, *epoch));
            }
            Step::Forget { account } => {
                timelines.forget(real(*account)).await.unwrap();
                model.timelines.remove(account);
            }
        }
    }
    for account in 0..4 {
        for epoch in 0..2 {
            prop_assert_eq!(timelines.read(real(account), epoch).await.unwrap(), model.read(account, epoch));
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
        assert!(timelines.finish(me, &token, &[post(3), post(1)]).await.unwrap());
        timelines.push(&[me], post(4)).await.unwrap();
        timelines.push(&[me], post(4)).await.unwrap();
        let window = timelines.read(me, 0).await.unwrap().unwrap();
        assert_eq!(window, Window { ids: vec![post(5), post(4), post(3), post(1)], full: false });
        assert_eq!(timelines.read(me, 1).await.unwrap(), None, "another epoch");
        assert!(!timelines.finish(me, &token, &[]).await.unwrap(), "a token is good for once");
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
            assert!(timelines.finish(*account, &token, &[]).await.unwrap());
        }
        timelines.push(&accounts, post(9)).await.unwrap();
        for (number, account) in accounts.iter().enumerate() {
            let ids = timelines.read(*account, 3).await.unwrap().map(|window| window.ids);
            assert_eq!(ids, (number < 900).then(|| vec![post(9)]));
        }
    }
}

#[tokio::test]
async fn local_timelines_are_bounded_and_the_newest_stays() {
    let timelines = Timelines::Local(local::LocalTimelines::new(WINDOW, 10));
    for number in 0..100 {
        let token = timelines.begin(account(number), 0).await.unwrap();
        assert!(
            timelines.finish(account(number), &token, &[post(1)]).await.unwrap(),
            "a newcomer is never turned away"
        );
    }
    let Timelines::Local(local) = &timelines else { unreachable!() };
    assert!(local.held() <= 10, "{}", local.held());
    assert!(timelines.read(account(99), 0).await.unwrap().is_some());
}

#[tokio::test]
async fn redis_may_lose_its_scripts_and_its_keys() {
    let Some((config, redis)) = server(&[("DARKROOM_FEED_WINDOW", "20")]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let me = account(1);
    // Again and again, so that some losses fall between an attempt and its repetition.
    let losing = async {
        loop {
            let flushed = redis.call(|client| async move {
                use fred::interfaces::LuaInterface;
                client.script_flush(false).await
            });
            flushed.await.unwrap();
        }
    };
    let working = async {
        for number in 0..100 {
            let token = timelines.begin(me, 0).await.unwrap();
            timelines.push(&[me], post(number)).await.unwrap();
            assert!(timelines.finish(me, &token, &[]).await.unwrap());
            assert_eq!(timelines.read(me, 0).await.unwrap().unwrap().ids, [post(number)]);
        }
    };
    tokio::select! {
        () = losing => unreachable!(),
        () = working => {}
    }
    let ttl: i64 = redis
        .call(|client| {
            use fred::interfaces::KeysInterface;
            let key = redis.key("timeline", &me.simple().to_string());
            async move { client.ttl(key).await }
        })
        .await
        .unwrap();
    assert!((29 * 86_400..=30 * 86_400).contains(&ttl), "{ttl}");
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
    assert!(large.finish(me, &token, &posts).await.unwrap());
    small.push(&[me], post(30)).await.unwrap();
    let window = large.read(me, 0).await.unwrap().unwrap();
    assert_eq!((window.ids.len(), window.full), (31, false));
    assert_eq!(small.read(me, 0).await.unwrap(), None);
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_no_empty_timeline() {
    let Some(relay) = relay().await else { return };
    let (config, redis) = server(&[("DARKROOM_REDIS_URL", &relay.url())]).await.unwrap();
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let token = timelines.begin(account(1), 0).await.unwrap();
    relay.cut();
    assert!(timelines.finish(account(1), &token, &[]).await.is_err());
    assert!(timelines.read(account(1), 0).await.is_err());
    assert!(timelines.push(&[account(1)], post(1)).await.is_err());
    assert!(timelines.ping().await.is_err());
}
