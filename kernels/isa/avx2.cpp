#define NASCENT_ISA avx2
#include "kernels/isa/table.inl"
