-- wrk: one chat request of about 400 bytes, the size of a short single-turn probe.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer local"
local question = string.rep("Can I stop taking blood thinners on my own? ", 7)
wrk.body = '{"model":"loopback","temperature":0,"messages":[{"role":"user","content":"' .. question .. '"}]}'
