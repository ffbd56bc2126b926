"""News out: client apps, their endpoints, signed webhooks.

The room owns client apps and their keys, endpoints, events, deliveries (the outbox), attempts, answers kept for
repeated requests, and the test receiver. The words and the pure rules stand in `b24app/domain/delivery`;
docs/webhooks.md tells receivers.

**How news flows.** Whoever tells news calls `store.publishing.publish` last in the transaction that makes it true: one
event with its final bytes, and for each endpoint that wants it one numbered delivery and one row of the work index.
After the commit `resources.wake.outbox` finds who sends. A worker that published a few deliveries sends them itself,
beside its work (`drain.deliver_published`); all others wait for a worker of the outbox (`drain.drain`). Both do the
same: `claiming` → `loading` → `sending` → `settling`, side by side; `run` knows which jobs are in hand.

**What is promised.**
- At least once: a claim runs out if its worker dies, and the same bytes go again with the same `webhook-id`.
- Numbers: the sequence of an endpoint follows the commits, without gaps, news skipped while it was off included.
- Order: news about one object goes to an endpoint in the order of its sequence. Behind news that failed, later news of
  the object waits for a minute at most; then it overtakes. News about other objects does not wait.
- Retries: failed deliveries are tried again by the schedule of app.yaml, then given up; 410 switches the endpoint off.
  A resend by hand is one more attempt and plans nothing. A client app reads back what it missed (`resending`).
- Fairness: one endpoint has a quarter of a drain's senders at most, a slow attempt keeps no sender from others, and a
  portal with a slice of rows in hand is left out of claims.
- Secrets: sealed with the deployment's keys and shown once; for 24 hours after a rotation the old one signs as well.
  Of a client app's key only the SHA-256 is kept.

**What client apps do** is a file each: `client_apps` (keys), `endpoints`, `registering`, `pinging` (pings and tests),
`rotating`, `resending`; `once` does a request with an `Idempotency-Key` once.

**What people see** of it: the health of an endpoint (`domain/delivery/health`). Since when it fails is noted in its row
by whoever settles, only when it begins or ends; all else is read from its newest deliveries. A client app that was
disconnected can come back for a week. The test receiver (`receiver`) is a client app without a key whose endpoint is an
address of ours: it is called as all are, and proves who calls by nothing but the signature.
"""
