const megabyte = 1024 * 1024;

/** Rows of an answer, at most. */
export const rowsMost = 1_000_000;
/** Of each key, or of each person in a workspace. */
export const queriesPerMinute = 100;
/** Bytes of a request's body. */
export const bodyMost = 110_000;

/**
 * What every question is held to, whatever it asks for. One thread, so that the core beside it goes on publishing.
 * Large groups and sorts go to disk at half of the memory.
 */
export const limits: Readonly<Record<string, string | number>> = {
  max_threads: 1,
  max_memory_usage: 256 * megabyte,
  max_bytes_before_external_group_by: 128 * megabyte,
  max_bytes_before_external_sort: 128 * megabyte,
  max_temporary_data_on_disk_size_for_query: 1024 * megabyte,
  max_result_bytes: 128 * megabyte,
  max_query_size: 200_000,
  max_parser_depth: 500,
  max_parser_backtracks: 200_000,
  max_ast_depth: 500,
  max_ast_elements: 10_000,
  max_expanded_ast_elements: 20_000,
  max_subquery_depth: 30,
  max_recursive_cte_evaluation_depth: 1,
  query_plan_max_optimizations_to_apply: 2_000,
  use_query_cache: 0,
  session_timezone: 'UTC',
};
