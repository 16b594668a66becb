import type { Said } from '../../said.ts';

/** The SQL console's own refusals, and those of the parameters of analytics. What ClickHouse says stays as it is. */
export const analyst: Said = {
  'The query is empty.': 'Запрос пустой.',
  'A query here is one SELECT.': 'Запрос здесь — это один SELECT.',
  'One statement at a time.': 'Только один запрос за раз.',
  'The query holds a NUL or half a character.': 'В запросе есть символ NUL или половина знака.',
  'The query is not text in UTF-8.': 'Запрос — не текст в UTF-8.',
  'The query cannot be read at character {{1}}.': 'Запрос не читается на знаке {{1}}.',
  'Put a space before a quoted text.': 'Поставьте пробел перед текстом в кавычках.',
  'A quoted name has letters, digits, spaces and simple signs, 200 at most.':
    'В имени в кавычках могут быть буквы, цифры, пробелы и простые знаки, не больше 200.',
  'Syntax error at line {{1}}, column {{2}}: failed at word {{3}}, {{4}}.':
    'Синтаксическая ошибка в строке {{1}}, столбце {{2}}, на слове {{3}}: «{{4}}».',
  'Syntax error: failed at the end of the query.': 'Синтаксическая ошибка в конце запроса.',
  '{{1}} is not taken here (a column of this name has to be quoted).':
    '{{1}} здесь не принимается (имя такого столбца нужно взять в кавычки).',
  'SETTINGS, FORMAT and INTO OUTFILE are not taken inside a query.':
    'SETTINGS, FORMAT и INTO OUTFILE внутри запроса не принимаются.',
  'SETTINGS are not taken in a query.': 'SETTINGS в запросе не принимаются.',
  'This is not taken in a query: {{1}}.': 'В запросе это не принимается: {{1}}.',
  'A query reads views and subqueries.': 'Запрос читает представления и подзапросы.',
  'SHOW is taken as SHOW TABLES and SHOW DATABASES.': 'SHOW принимается как SHOW TABLES и SHOW DATABASES.',

  // What there is
  'There is no such view. SHOW TABLES lists them.':
    'Такого представления нет. Список — в SHOW TABLES и на вкладке «Представления».',
  'There is no view {{1}}. SHOW TABLES lists them.':
    'Представления {{1}} нет. Список — в SHOW TABLES и на вкладке «Представления».',
  'There is nothing to read but the views of analyst: {{1}}.':
    'Читать можно только представления базы analyst: {{1}}.',
  'There is no database but analyst.': 'Кроме analyst, других баз нет.',
  'system.{{1}} is not shown here.': 'system.{{1}} здесь не показывается.',
  '{{1}} may not be read from here.': '{{1}} читать отсюда нельзя.',
  'This may not be read from here.': 'Это читать отсюда нельзя.',
  'The function {{1}} is not to be had here.': 'Функции {{1}} здесь нет.',
  'The format {{1}} is not to be had here.': 'Формата {{1}} здесь нет.',
  '{{1}} takes whole numbers up to {{2}} here.': '{{1}} принимает здесь целые числа до {{2}}.',
  '{{1}} takes its values as name = value: {{2}}.': '{{1}} принимает значения как имя = значение: {{2}}.',
  'What {{1}} looks for has to be written out, in {{2}} signs at most.':
    'То, что ищет {{1}}, нужно написать прямо в запросе, не больше {{2}} [[2|знака|знаков|знаков]].',
  'A type has to be written out, and to be one of the usual ones.':
    'Тип нужно написать прямо в запросе, и он должен быть из обычных.',

  // Parameters and settings
  'A parameter may not be an identifier.': 'Параметр не может быть идентификатором.',
  'The type of a parameter has to be one of the usual ones.': 'Тип параметра должен быть из обычных.',
  '{{1}} is no name of a parameter.': '{{1}} — не имя параметра.',
  '{{1}} holds a NUL.': 'В {{1}} есть символ NUL.',
  '{{1}} must be a number.': '{{1}}: нужно число.',
  '{{1}} may not be that.': '{{1}} таким быть не может.',
  'Setting {{1}} is not taken here.': 'Настройка {{1}} здесь не принимается.',
  'Give the API key in a header: addresses are kept in logs.':
    'Передайте ключ API в заголовке: адреса остаются в журналах.',
  'Answers are not compressed here: leave out compress.': 'Ответы здесь не сжимаются: уберите compress.',
  'Send the query uncompressed.': 'Отправьте запрос несжатым.',
  'Forms and external tables are not taken: put the query into the body.':
    'Формы и внешние таблицы не принимаются: передайте запрос в теле.',

  // Limits
  'A query may have {{1}} bytes at most.': 'В запросе не больше {{1}} [[1|байта|байт|байт]].',
  'A query may have {{1}} words at most.': 'В запросе не больше {{1}} [[1|слова|слов|слов]].',
  'A query may have {{1}} parts at most.': 'В запросе не больше {{1}} [[1|части|частей|частей]].',
  'A query may have {{1}} parameters, {{2}} signs together.':
    'У запроса не больше {{1}} [[1|параметра|параметров|параметров]], вместе {{2}} [[2|знак|знака|знаков]].',
  'A query may have 100000 characters at most.': 'В запросе не больше 100 000 знаков.',
  'Brackets may nest {{1}} deep.': 'Скобки вкладываются не глубже {{1}}.',
  'The query is too deep or too strange to be looked through.':
    'Запрос слишком глубокий или запутанный, его не проверить.',
  'Too many queries at once. Try again in a moment.':
    'Слишком много запросов сразу. Попробуйте через несколько секунд.',
  'More than {{1}} queries in a minute.': 'Больше {{1}} [[1|запроса|запросов|запросов]] за минуту.',
  'The caller went away.': 'Ответа уже никто не ждёт.',
  'The engine could not answer this query.': 'ClickHouse не смог ответить на этот запрос.',
  'The query failed ({{1}}).': 'Запрос не выполнен ({{1}}).',
  'There is no such query.': 'Такого запроса нет.',

  // Analytics
  'must be hour, day, week or month': 'должно быть hour, day, week или month',
  'must be lift or one of: {{1}}': 'должно быть lift или одним из: {{1}}',
  'is not a metric of trends': 'такого показателя у динамики нет',
  '{{1}} is a whole number.': '{{1}}: нужно целое число.',
  '{{1}} is {{2}} at most.': '{{1}}: не больше {{2}}.',
  'days is 30, 90 or 180.': 'days: 30, 90 или 180.',
  'days is 7, 30 or 90.': 'days: 7, 30 или 90.',
  'from must be before to.': 'Начало периода должно быть раньше конца.',
  'A period has {{1}} years at the most.': 'В периоде не больше {{1}} [[1|года|лет|лет]].',
  'These are more than {{1}} points: ask for a shorter time or a coarser grain.':
    'Получилось больше {{1}} [[1|точки|точек|точек]]: возьмите период короче или шаг крупнее.',
};
