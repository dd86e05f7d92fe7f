#pragma once
#include "kernels/parallel.h"

namespace nascent::test {

// Runs what follows on so many threads and puts their number back.
class Threads {
 public:
  explicit Threads(int threads) { kernels::set_threads(threads); }
  ~Threads() { kernels::set_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = kernels::threads();
};

}  // namespace nascent::test
