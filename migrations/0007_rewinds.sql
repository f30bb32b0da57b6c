-- Rewinds of the projection are recorded beside what is done about records. A partition may be rewound to one place again and again.
ALTER TABLE operator_actions DROP CONSTRAINT operator_actions_verb_check;
ALTER TABLE operator_actions ADD CONSTRAINT operator_actions_verb_check
  CHECK (verb IN ('send', 'rerun', 'discard', 'rewind'));
DROP INDEX operator_actions_one_intent;
CREATE UNIQUE INDEX operator_actions_one_intent ON operator_actions (topic, partition, "offset")
  WHERE step = 'intended' AND verb <> 'rewind';
