#pragma once
// The float kernel tables this machine can run.
#include <vector>

#include "kernels/dispatch.h"

namespace nascent::test {

inline std::vector<const kernels::KernelTable*> isa_tables() {
  std::vector<const kernels::KernelTable*> tables;
  for (const char* name : {"reference", "baseline", "avx2", "avx512"})
    if (const kernels::KernelTable* table = kernels::find_kernel_table(name)) tables.push_back(table);
  return tables;
}

}  // namespace nascent::test
