#include "nas/run/facts.h"

#include "kernels/dispatch.h"

namespace nascent::nas {

Facts provenance_facts(const std::string& program, const Provenance& p) {
  return {{program, p.command},
          {"data", p.data},
          {"seed", std::to_string(p.seed)},
          {"threads", std::to_string(p.threads) + " (any number gives the same bits)"},
          {"kernels", kernels::isa_name()},
          {"version", std::string("Nascent ") + kVersion}};
}

nlohmann::ordered_json config_head(const std::string& program, const Provenance& p) {
  return {{"program", program}, {"version", kVersion},  {"command", p.command},          {"data", p.data},
          {"seed", p.seed},     {"threads", p.threads}, {"kernels", kernels::isa_name()}};
}

}  // namespace nascent::nas
