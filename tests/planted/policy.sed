# src/core/policy-triage.c: the floor of a cap forgets the number of vCPUs.
s/return MAX(domain->class->cpu_reservation \* domain->vcpus, CAP_FLOOR);/return MAX(domain->class->cpu_reservation, CAP_FLOOR);/
