-- Data: what a file said about the class of a point is text like any other of its sheet, without a meaning here.

UPDATE camera SET sheet = sheet || jsonb_build_object('point_class', point_class)
WHERE point_class IS NOT NULL AND NOT sheet ? 'point_class';
