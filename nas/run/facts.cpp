#include "nas/run/facts.h"

#include "kernels/dispatch.h"

namespace nascent::nas {

const char* version() { return NASCENT_VERSION; }

Facts provenance_facts(const std::string& program, const Provenance& p) {
  return {{program, p.command},
          {"data", p.data},
          {"seed", std::to_string(p.seed)},
          {"threads", std::to_string(p.threads) + " (any number gives the same bits)"},
          {"kernels", kernels::isa_name()},
          {"version", std::string("Nascent ") + version()}};
}

}  // namespace nascent::nas
