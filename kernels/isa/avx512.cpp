#define NASCENT_ISA avx512
#include "kernels/isa/table.inl"
