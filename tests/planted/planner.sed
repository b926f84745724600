# src/core/planner.c: a second change of a field takes the value of the first for the original.
s/step\.undo = field->held ? field->original : step\.from;/step.undo = step.from;/
