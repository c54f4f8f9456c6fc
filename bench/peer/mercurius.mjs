// The feed's page as a good home-made backend serves it: Fastify, Mercurius with its JIT compiler, timelines and whole
// cards cached in Redis, one query for the session and one for the viewer's own likes.
//
// It leaves out what Darkroom does for each page: it does not ask whether blocks, mutes, private accounts or suspensions
// stand between viewer and author, its counts are as old as its cards, and its URLs are not signed.

import { createHash } from 'node:crypto'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'
import Redis from 'ioredis'

const CARD_SECONDS = 3600
const WINDOW = 800

const database = new pg.Pool({ connectionString: process.env.DARKROOM_DATABASE_URL, max: 16 })
const redis = new Redis(process.env.DARKROOM_REDIS_URL, { enableAutoPipelining: true })
const prefix = `${process.env.DARKROOM_REDIS_KEY_PREFIX}:peer:`

const schema = `
  enum Size { THUMBNAIL MEDIUM LARGE }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type User { id: ID! username: String! fullName: String! avatar: String }
  type Media { id: ID! width: Int height: Int placeholder: String altText: String! url(size: Size! = LARGE): String }
  type Post { id: ID! caption: String! likeCount: Int! commentCount: Int! viewerHasLiked: Boolean! createdAt: String!
    author: User! media: [Media!]! }
  type FeedEdge { cursor: String! node: Post! }
  type FeedConnection { edges: [FeedEdge!]! pageInfo: PageInfo! }
  type Query { feed(first: Int! = 20): FeedConnection! }
`

const resolvers = {
  Query: { feed: (_, { first }, { viewer }) => feed(viewer, first) },
  Media: { url: (media, { size }) => media.urls[size] },
}

async function feed(viewer, first) {
  if (!viewer) throw new Error('Sign in first.')
  const ids = (await timeline(viewer)).slice(0, first + 1)
  const page = ids.slice(0, first)
  const [cards, liked] = await Promise.all([cardsOf(page), likedBy(viewer, page)])
  const edges = page.map((id) => ({ cursor: id, node: { ...cards.get(id), viewerHasLiked: liked.has(id) } }))
  return { edges, pageInfo: { hasNextPage: ids.length > first, endCursor: page.at(-1) ?? null } }
}

async function timeline(viewer) {
  const key = `${prefix}timeline:${viewer}`
  const kept = await redis.lrange(key, 0, WINDOW - 1)
  if (kept.length > 0) return kept
  const { rows } = await database.query({
    name: 'timeline',
    text: `SELECT id FROM post WHERE state = 'published' AND (author_id = $1 OR author_id IN
      (SELECT followee_id FROM follow WHERE follower_id = $1 AND state = 'accepted')) ORDER BY id DESC LIMIT ${WINDOW}`,
    values: [viewer],
  })
  const ids = rows.map((row) => row.id)
  if (ids.length > 0) await redis.rpush(key, ...ids)
  return ids
}

async function cardsOf(ids) {
  const keys = ids.map((id) => `${prefix}card:${id}`)
  const texts = await redis.mget(...keys)
  const cards = new Map()
  texts.forEach((text, place) => { if (text) cards.set(ids[place], JSON.parse(text)) })
  const missing = ids.filter((id) => !cards.has(id))
  if (missing.length > 0) {
    for (const card of await readCards(missing)) {
      cards.set(card.id, card)
      await redis.set(`${prefix}card:${card.id}`, JSON.stringify(card), 'EX', CARD_SECONDS)
    }
  }
  return cards
}

async function readCards(ids) {
  const { rows: posts } = await database.query(
    `SELECT p.id, p.caption, p.like_count, p.comment_count, p.created_at, a.id AS author, a.username, a.full_name,
       r.object_key AS face FROM post p JOIN account a ON a.id = p.author_id
       LEFT JOIN rendition r ON r.media_id = a.avatar_media_id AND r.size = 'thumbnail' AND r.format = 'jpeg'
     WHERE p.id = ANY($1)`, [ids])
  const { rows: photos } = await database.query(
    `SELECT pm.post_id, m.id, m.width, m.height, m.placeholder, m.alt_text,
       json_object_agg(upper(r.size), r.object_key) AS keys
     FROM post_media pm JOIN media m ON m.id = pm.media_id JOIN rendition r ON r.media_id = m.id AND r.format = 'jpeg'
     WHERE pm.post_id = ANY($1) GROUP BY pm.post_id, pm.position, m.id ORDER BY pm.post_id, pm.position`, [ids])
  const url = (key) => key && `https://media.example.test/${key}?expires=1893456000&signature=${'0'.repeat(43)}`
  return posts.map((post) => ({
    id: post.id,
    caption: post.caption,
    likeCount: Number(post.like_count),
    commentCount: Number(post.comment_count),
    createdAt: post.created_at.toISOString(),
    author: { id: post.author, username: post.username, fullName: post.full_name, avatar: url(post.face) },
    media: photos.filter((photo) => photo.post_id === post.id).map((photo) => ({
      id: photo.id,
      width: photo.width,
      height: photo.height,
      placeholder: photo.placeholder,
      altText: photo.alt_text,
      urls: Object.fromEntries(Object.entries(photo.keys).map(([size, key]) => [size, url(key)])),
    })),
  }))
}

async function likedBy(viewer, ids) {
  const { rows } = await database.query({
    name: 'liked',
    text: 'SELECT post_id FROM post_like WHERE account_id = $1 AND post_id = ANY($2)',
    values: [viewer, ids],
  })
  return new Set(rows.map((row) => row.post_id))
}

async function authenticate(header) {
  const token = header?.startsWith('Bearer ') ? header.slice(7) : ''
  const { rows } = await database.query({
    name: 'session',
    text: 'SELECT account_id FROM session WHERE token_hash = $1 AND expires_at > now()',
    values: [createHash('sha256').update(token).digest()],
  })
  return rows[0]?.account_id
}

const server = Fastify()
server.register(mercurius, {
  schema,
  resolvers,
  jit: 1,
  context: async (request) => ({ viewer: await authenticate(request.headers.authorization) }),
})
await server.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
