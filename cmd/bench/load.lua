-- What wrk sends. It is started with the operation, whether creates carry a key,
-- and the file of users: token and user's number, a line each.
-- https://github.com/wg/wrk/blob/master/SCRIPTING
local threads = 0

function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   operation, keyed, each = args[1], args[2] == "keyed", tonumber(args[4])
   math.randomseed(os.time() * 64 + number)
   asking = {}
   for line in io.lines(args[3]) do
      local token, user = line:match("^(%S+) (%S+)$")
      asking[#asking + 1] = {user = tonumber(user), headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}}
   end
   count = 0
end

local function task(user)
   return string.format("/api/v1/tasks/00000000-0000-7000-8000-%012x", user * 65536 + math.random(0, each - 1))
end

function request()
   local who = asking[math.random(#asking)]
   if operation == "get one" then
      return wrk.format("GET", task(who.user), who.headers)
   elseif operation == "list 50" then
      return wrk.format("GET", "/api/v1/tasks", who.headers)
   end
   local title = '"title":"Paint the fence ' .. math.random(1000000, 9999999) .. '"'
   if operation == "update" then
      return wrk.format("PATCH", task(who.user), who.headers, "{" .. title .. "}")
   end
   count = count + 1
   who.headers["Idempotency-Key"] = keyed and string.format("bench-%d-%d-%d", os.time(), number, count) or nil
   return wrk.format("POST", "/api/v1/tasks", who.headers,
      "{" .. title .. ',"description":"Two coats, and the gate as well.","priority":"high","due_at":"2027-05-01T09:30:00Z"}')
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      '\nRESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failed":%d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      e.connect + e.read + e.write + e.status + e.timeout))
end
