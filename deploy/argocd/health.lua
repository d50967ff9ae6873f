-- The health of a CommitStatus or a ScmProvider for Argo CD, by its conditions.
-- Argo CD runs it without Lua's libraries for strings and mathematics.
local ready, unrecorded
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" then
      ready = condition
    elseif condition.type == "BudgetsRecorded" and condition.status == "False" then
      unrecorded = condition
    end
  end
end

-- What answers an older spec says nothing about this one.
if ready == nil or ready.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The hub has not answered this spec yet"}
end
if ready.status == "False" then
  return {status = "Degraded", message = ready.message}
end
if unrecorded ~= nil then
  return {status = "Degraded", message = unrecorded.message}
end
if ready.status == "True" then
  return {status = "Healthy", message = ready.message}
end
if ready.reason == "Suspended" then
  return {status = "Suspended", message = ready.message}
end
return {status = "Progressing", message = ready.message}
