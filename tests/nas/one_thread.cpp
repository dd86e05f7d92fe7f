// The networks of these tests are so small that meeting a second thread after every operation costs more than it does,
// and on a busy machine a hundred times more. Tests of same bits ask for their threads themselves.
#include "kernels/parallel.h"

namespace {
[[maybe_unused]] const bool one_thread = (nascent::kernels::set_threads(1), true);
}
