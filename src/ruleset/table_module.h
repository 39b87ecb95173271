// A table on its hooks.
#pragma once

#include <memory>
#include <string>

#include "ruleset/linear_table.h"
#include "sallyport/hook.h"

namespace sallyport {

// Hands packets to the table's walk. Owns the table; registered once per hook that the table has.
class TableModule final : public HookModule {
 public:
  explicit TableModule(std::unique_ptr<LinearTable> table)
      : table_(std::move(table)), reroutes_(table_->name() == "mangle") {}

  std::string_view name() const override { return table_->name(); }
  Verdict handle(Packet& packet, HookContext& context) override;
  const LinearTable& table() const { return *table_; }

 private:
  Verdict handle_rerouting(Packet& packet, HookContext& context);

  std::unique_ptr<LinearTable> table_;
  bool reroutes_;
};

}  // namespace sallyport
