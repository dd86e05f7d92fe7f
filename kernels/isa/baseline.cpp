#define NASCENT_ISA baseline
#include "kernels/isa/table.inl"
