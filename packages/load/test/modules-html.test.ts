// `k6/html`: one line per question that a script can ask of a page.
import { expect, test } from 'vitest'
import { createSelection } from '../src/vu/html/selection.ts'
import { iterate } from './one-vu.ts'

const PAGE = `<!DOCTYPE html><html lang="en"><head><title>T &amp; t</title></head><body>
<h1 id="top" class="a  b">Hello <b>there</b></h1>
<ul><li value="3">one</li><li class="x">two</li><li>three</li></ul>
<p data-user-id="12" data-flag="true" data-j='{"a":[1]}' data-v="1.0">a<!--c-->b 'q' "d" &lt;</p>
<form id="f" method="POST" action="/send">
<input name="user" value="é x"><input name="empty"><input type="checkbox" name="c1" checked="checked">
<input type="checkbox" name="c2"><input name="off" disabled="disabled"><input type="submit" name="go" value="Go">
<select name="one"><option value="1">I</option><option selected>II</option></select>
<select name="many" multiple><option value="a" selected>A</option><option value="b" selected>B</option></select>
<textarea name="t">long</textarea></form>
<ol><li id="l1"></li><li id="l2" value="7"></li><li id="l3"></li></ol>
<a id="link" href="../p?q=1#h" rel="x y">go</a><img id="i" src="pic.png" width="10"><br></body></html>`

const cases: [ask: string, answer: unknown][] = [
  ["doc.find('h1').text()", 'Hello there'],
  ["doc.find('h1').html()", 'Hello <b>there</b>'],
  ["doc.find('title').text()", 'T & t'],
  ["doc.find('p').html()", 'a<!--c-->b &#39;q&#39; &#34;d&#34; &lt;'],
  ["doc.find('p').text()", `ab 'q' "d" <`],
  ["doc.find('nothing').html()", ''],
  ["doc.find('li[').size()", 0],
  ["doc.find('h1').attr('id')", 'top'],
  ["doc.find('h1').attr('nope', 'def')", 'def'],
  ["doc.find('h1').attr('nope') === undefined", true],
  ["doc.find('li').size()", 6],
  ["doc.find('ul').children().size()", 3],
  ["doc.find('ul').children('.x').text()", 'two'],
  ["doc.find('li').eq(1).text()", 'two'],
  ["doc.find('ul li').eq(-1).text()", 'three'],
  ["doc.find('ul li').last().prev().text()", 'two'],
  ["doc.find('ul li').first().nextAll().size()", 2],
  ["doc.find('ul li').first().nextUntil('.x').size()", 0],
  ["doc.find('.x').siblings().size()", 2],
  ["doc.find('.x').parent().is('ul')", true],
  ["doc.find('.x').parents().size()", 3],
  ["doc.find('.x').parentsUntil('html').size()", 2],
  ["doc.find('.x').closest('body').size()", 1],
  ["doc.find('li').filter('.x').size()", 1],
  ["doc.find('ul li').filter((i) => i > 0).size()", 2],
  ["doc.find('ul li').not('.x').size()", 2],
  ["doc.find('ul').has('.x').size()", 1],
  ["doc.find('h1').add('title').size()", 2],
  ["doc.find('ul').find('li').end().is('ul')", true],
  ["doc.find('.x').index()", 1],
  ["doc.find('ul li').slice(1, 2).text()", 'two'],
  ["doc.find('ul li').slice(1).size()", 2],
  ["doc.find('p').contents().size()", 3],
  ["doc.find('ul li').map((i, s) => i + s.text())", ['0one', '1two', '2three']],
  ["doc.find('ul li').toArray().length", 3],
  ["doc.find('ul li').get(1).textContent()", 'two'],
  ["doc.find('ul li').get(9) === undefined", true],
  ["doc.find('p').data('user-id')", 12],
  ["doc.find('p').data('userId')", 12],
  ["doc.find('p').data()", { userId: 12, flag: true, j: { a: [1] }, v: '1.0' }],
  ["doc.find('input[name=user]').val()", 'é x'],
  ["doc.find('input[name=empty]').val()", ''],
  ["doc.find('select[name=one]').val()", 'II'],
  ["doc.find('select[name=many]').val()", ['a', 'b']],
  ["doc.find('textarea').val()", 'long'],
  ["doc.find('form').serialize()", 'c1=on&empty=&many=a&many=b&one=II&t=long&user=%C3%A9+x'],
  ["doc.find('form').serializeArray()[0]", { name: 'user', value: 'é x' }],
  ["Object.keys(doc.find('form').serializeObject()).length", 6],
  ["doc.find('h1').get(0).nodeName()", 'h1'],
  ["doc.find('h1').get(0).nodeType()", 1],
  ["doc.find('h1').get(0).id()", 'top'],
  ["doc.find('h1').get(0).classList()", ['a', 'b']],
  ["doc.find('h1').get(0).innerHTML()", 'Hello <b>there</b>'],
  ["doc.find('h1').get(0).getAttribute('class')", 'a  b'],
  ["doc.find('h1').get(0).hasAttribute('x')", false],
  ["doc.find('h1').get(0).attributes().id.value", 'top'],
  ["doc.find('h1').get(0).lastElementChild().nodeName()", 'b'],
  ["doc.find('h1').get(0).firstChild().nodeName()", '#text'],
  ["doc.find('h1').get(0).querySelector('b').textContent()", 'there'],
  ["doc.find('h1').get(0).parentElement().nodeName()", 'body'],
  ["doc.find('h1').get(0).selection().size()", 1],
  ["doc.find('h1').get(0).ownerDocument().nodeType()", 9],
  ["doc.find('#link').get(0).href()", 'http://h.test/a/p?q=1#h'],
  ["doc.find('#link').get(0).relList()", ['x', 'y']],
  ["doc.find('#link').get(0).search()", '?q=1'],
  ["doc.find('#i').get(0).src()", 'http://h.test/a/b/pic.png'],
  ["doc.find('#i').get(0).width()", 10],
  ["doc.find('form').get(0).method()", 'post'],
  ["doc.find('form').get(0).enctype()", 'application/x-www-form-urlencoded'],
  ["doc.find('form').get(0).elements().length", 9],
  ["doc.find('input').get(2).checked()", true],
  ["doc.find('input').get(0).form().id()", 'f'],
  ["doc.find('#l1').get(0).value()", 1],
  ["doc.find('#l3').get(0).value()", 8],
  ["doc.find('body').html().endsWith('<br/>')", true],
]

test.each(cases)('%s', (ask, answer) => {
  const doc = createSelection(PAGE, 'http://h.test/a/b/c')
  // oxlint-disable-next-line typescript/no-implied-eval -- the cases are written as scripts write them
  const read = new Function('doc', `return ${ask}`) as (doc: unknown) => unknown
  expect(read(doc)).toEqual(answer)
})

test('in a script, with a callback that blocks', async () => {
  const { logged } = await iterate(
    `import { parseHTML } from 'k6/html'
    import { sleep } from 'k6'
    export default function () {
      const doc = parseHTML('<ul><li>a<li>b</ul>')
      doc.find('li').each((i, el) => { sleep(0.001); console.log(i, el.textContent()) })
      console.log(doc.find('li').map((i, s) => { sleep(0.001); return s.text() }).join())
      try { doc.find(5) } catch (e) { console.log(e.message) }
    }`,
  )
  expect(logged).toEqual([
    '0 a',
    '1 b',
    'a,b',
    'Invalid argument: Cannot use a int64 as a selector',
  ])
})
