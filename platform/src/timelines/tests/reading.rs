//! Timelines that are read together, from Redis.

use super::*;

#[tokio::test]
async fn a_timeline_that_is_read_lives_on() {
    let Some((config, redis)) = server(&[]).await else { return };
    let me = account(1);
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    let token = timelines.begin(me, 0).await.unwrap();
    assert!(timelines.finish(me, &token, &[post(1)], &[]).await.unwrap());
    let key = &redis.key("tl", &me.simple().to_string());
    redis.call(|client| async move { client.expire::<(), _>(key.as_str(), 100, None).await }).await.unwrap();
    assert_eq!(timelines.read(me, 0).await.unwrap().unwrap().ids, [post(1)]);
    let ttl: i64 = redis.call(|client| async move { client.ttl(key.as_str()).await }).await.unwrap();
    assert!((6 * 86_400..=7 * 86_400).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn what_can_not_be_read_spoils_nothing_that_is_read_with_it() {
    let Some((config, redis)) = server(&[]).await else { return };
    let timelines = Timelines::new(&config, Some(&redis)).unwrap();
    for number in [1, 3] {
        let token = timelines.begin(account(number), 0).await.unwrap();
        assert!(timelines.finish(account(number), &token, &[post(number.into())], &[]).await.unwrap());
    }
    // Not a list: Redis refuses to read it as one.
    let key = &redis.key("tl", &account(2).simple().to_string());
    redis
        .call(|client| async move { client.set::<(), _, _>(key.as_str(), "x", None, None, false).await })
        .await
        .unwrap();
    for _ in 0..3 {
        let read = async |number| timelines.read(account(number), 0).await;
        let (first, second, third) = tokio::join!(read(1), read(2), read(3));
        assert_eq!(first.unwrap().unwrap().ids, [post(1)]);
        assert!(second.is_err(), "{second:?}");
        assert_eq!(third.unwrap().unwrap().ids, [post(3)]);
    }
}
