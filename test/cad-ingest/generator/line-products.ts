import { clock, usDate } from './call.ts';
import { cityAs, join, type Product, stamped } from './product.ts';

export const ossi: Product = {
  id: 'ossi',
  agency: (random, habit) => {
    const order = random.pick([
      ['nature', 'address', 'city', 'x1', 'x2', 'id', 'info'],
      ['address', 'x1', 'nature', 'pri', 'info'],
      ['id', 'unit', 'address', 'nature', 'city', 'info'],
      ['nature', 'address', 'unit', 'x1', 'x2', 'info'],
      ['unit', 'nature', 'address', 'city', 'info'],
      ['nature', 'city', 'address', 'x1', 'x2', 'info', 'channel'],
      ['address', 'city', 'nature', 'id', 'info'],
    ]);
    const placed = random.chance(0.3);
    return (now, call) => {
      const parts: Record<string, string> = {
        nature: call.nature,
        address: placed && call.place ? `${call.written} (${call.place})` : call.written,
        city: cityAs(call, habit),
        x1: call.cross[0] ?? '',
        x2: call.cross[1] ?? '',
        id: call.number,
        unit: call.units.join(','),
        pri: call.priority.slice(-1),
        channel: call.channel,
        info: stamped(now, call),
      };
      const prefix = now.chance(0.05) ? now.pick(['FYI: ;', 'Update: ;']) : '';
      return {
        body: `CAD:${prefix}${join(
          order.map((part) => parts[part]),
          ';',
        )}`,
      };
    };
  },
};

export const southern: Product = {
  id: 'southern',
  agency: (random) => {
    const dialect = random.pick(['semicolon', 'semicolon', 'comma', 'blank']);
    const hasGps = random.chance(0.5);
    const subjectToo = random.chance(0.3);
    return (now, call) => {
      const id = `${call.year}${now.digits(6)}`;
      const apartment = call.apartment && ` ${call.apartment}`;
      const address = `${call.written}${apartment} ${call.city}`;
      const geo = hasGps ? `geo:+0${call.lat.toFixed(6)}, -0${Math.abs(call.lon).toFixed(6)}` : '';
      const mark = dialect === 'comma' ? ',' : ';';
      const fields = [
        address,
        call.cross.join(' X '),
        call.caller.replace(',', ''),
        call.phone,
        id,
        clock(call),
        call.nature,
        geo,
        call.narrative,
      ];
      const body =
        dialect === 'blank'
          ? `${address} ${id} ${clock(call)} ${call.nature} ${call.narrative}`
          : fields.join(mark);
      return subjectToo ? { subject: body.slice(0, 40), body } : { body };
    };
  },
};

export const codeNature: Product = {
  id: 'code-nature',
  agency: (random) => {
    const centre = random.pick(['FV911', 'MADCO', 'EXAMPLE911']);
    const inSubject = random.chance(0.2);
    return (now, call) => {
      const nature = call.nature.replaceAll('>', ' ');
      const head = `${call.code}>${nature}`;
      const apt = call.apartment && ` Apt: ${call.apartment} Bldg`;
      const rest = join(
        [
          `${call.written}${apt}`,
          call.cross[0] && `XS: ${call.cross[0]}`,
          call.city,
          now.chance(0.6) && call.caller.replace(',', ''),
          call.phone.replaceAll(/\D/g, ''),
          `Map: ${call.map}`,
          `Grids:${now.int(0, 9)},${now.int(0, 9)}`,
          `Cad: ${call.year}-${now.digits(10)}`,
        ],
        ' ',
      );
      return inSubject
        ? { subject: head, body: `${centre}:${rest}` }
        : { body: `${centre}:${head} ${rest}` };
    };
  },
};

export const visionCad: Product = {
  id: 'visioncad',
  agency: (_, habit) => (now, call) => ({
    body: `${[
      call.number,
      call.written,
      call.apartment,
      '',
      cityAs(call, habit),
      call.cross[0] ?? '',
      call.cross[1] ?? '',
      call.map,
      call.phone,
      call.nature,
      call.narrative,
      '',
      usDate(call),
      clock(call),
      call.units.join(' '),
    ].join('*')}${'*'.repeat(now.int(1, 12))}`,
  }),
};

export const proqaSlash: Product = {
  id: 'proqa-slash',
  agency: (random, habit) => {
    const kind = random.chance(0.5);
    return (now, call) => {
      const determinant = `${now.int(1, 33)}${now.pick(['A', 'B', 'C', 'D'])}0${now.int(1, 9)}`;
      const body = kind
        ? `RC:Run# ${now.digits(5)}/${call.written}/${call.apartment}/${cityAs(call, habit)}/${call.place}/${call.nature}/${call.narrative}/${determinant}`
        : `Run# ${now.digits(5)}/ ${call.units[0]}/ ${clock(call).slice(0, 5)}/ ALS/ Priority ${call.priority.slice(-1)}/ ${call.nature}/ ${call.written}/ ${cityAs(call, habit)}/ ${call.narrative}`;
      return { body };
    };
  },
};

export const countryside: Product = {
  id: 'countryside',
  agency: () => (now, call) => ({
    body: join(
      [
        `As of ${usDate(call)} ${clock(call)} ${call.year}-${now.digits(8)}`,
        `${call.code} - ${call.nature}`,
        `${call.written}, ${call.city} ${call.city}`,
        call.cross.join(' '),
        'Unit Org Name Area Types',
        ...call.units.map((unit) => `${unit} FVFD ${now.pick(['N', 'S'])} ${now.pick(['E', 'M'])}`),
      ],
      ' ',
    ),
  }),
};

export const dapro: Product = {
  id: 'dapro',
  agency: () => (now, call) => ({
    body: `MAILBOX:STA${now.int(1, 20)} ${clock(call).slice(0, 5)} ${call.nature} ${padded(call.address)} CFS# ${call.year}-${now.digits(6)}`,
  }),
};

function padded(address: string): string {
  const [first = '', ...rest] = address.split(' ');
  return /^\d+$/.test(first) ? [first.padStart(6, '0'), ...rest].join(' ') : address;
}

export const fireBox: Product = {
  id: 'fire-box',
  agency: () => (now, call) => ({
    body: join(
      [
        call.nature,
        `${call.place ? `-${call.place}- ` : ''}${call.written}, ${call.city}`,
        call.cross.join('//'),
        `Fire Box = ${call.box}`,
        stamped(now, call),
        call.units.map((unit) => `${now.digits(2)}FD${now.digits(6)}=${unit}`).join(' '),
      ],
      '\n',
    ),
  }),
};

export const rims: Product = {
  id: 'rims',
  agency: () => (_, call) => ({
    subject: `Dispatched Call (${call.units[0]})`,
    body: `${call.written}, ${call.city}, ${call.state} * ${call.place} * ${call.cross[0] ?? ''} * * ${call.nature} * #${call.number} * ${call.narrative}`,
  }),
};

export const redAlert: Product = {
  id: 'red-alert',
  agency: () => (_, call) => ({
    body: `${call.nature}${call.narrative ? `: ${call.narrative}` : ''} at ${call.written}, ${call.city}  c/s: ${call.cross[0] ?? ''} . . ${clock(call)}`,
  }),
};

export const btwnComma: Product = {
  id: 'btwn-comma',
  agency: (_, habit) => (now, call) => ({
    body: join(
      [
        call.code,
        call.nature,
        call.written,
        cityAs(call, habit),
        call.cross.length === 2 && `btwn ${call.cross.join(' and ')}`,
        call.narrative,
        `Unit:${call.units[0]} - From WS${now.int(1, 9)} ${usDate(call, 4)} ${clock(call)}`,
      ],
      ', ',
    ),
  }),
};

export const geoConex: Product = {
  id: 'geoconex',
  agency: (random) => {
    const old = random.chance(0.4);
    return (now, call) => {
      const gps = `(${call.lat}, ${call.lon})`;
      if (old) {
        return {
          subject: now.pick(['E911', 'E911-Page', 'CAD DISPATCH']),
          body: `${call.nature}\n${call.written}, ${call.city}\n${call.narrative}`,
        };
      }
      return {
        subject: 'CAD INCIDENT',
        body: join(
          [
            `CAD #${call.number}:`,
            `EVENT: ${call.nature}`,
            `LOC: ${call.written} ${gps}`,
            call.city,
            `[${call.units.join('] [')}]`,
            call.cross[0] && `INTERSECTION: ${call.cross[0]} (${call.city}/1)`,
            `ESN: ${now.digits(3)}`,
            `COMMENT: ${call.narrative}`,
          ],
          '\n',
        ),
      };
    };
  },
};
