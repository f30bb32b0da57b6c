-- A topic that was deleted and made anew counts its offsets from 0 again: which positions are of before, their time says.
ALTER TABLE projection_offsets ADD COLUMN moved_at timestamptz;
